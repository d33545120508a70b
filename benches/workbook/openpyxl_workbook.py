"""The other side of the workbook benchmark, by openpyxl: makes the workbook, copies it, sums it up.

Usage: python openpyxl_workbook.py make FILE ROWS
       python openpyxl_workbook.py read|copy normal|streamed FILE [OUT]
       python openpyxl_workbook.py sum FILE
"""

import datetime
import random
import sys

import openpyxl

TITLES = ["Order", "Customer", "Region", "Product", "Quantity", "Price", "Amount", "Ordered", "Shipped", "Note"]


def make(path, rows):
    chance = random.Random(1)
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Orders")
    sheet.append(TITLES)
    day_one = datetime.date(2020, 1, 1)
    for number in range(rows):
        ordered = day_one + datetime.timedelta(days=number % 2000)
        shipped = datetime.datetime.combine(ordered, datetime.time(chance.randrange(24), chance.randrange(60)))
        quantity, price = chance.randrange(1, 50), chance.randrange(100, 100_000) / 100
        sheet.append([
            number, f"Customer {chance.randrange(50_000)}", f"region {number % 40}",
            f"product {chance.randrange(25)}", quantity, price, round(quantity * price, 2),
            ordered, shipped, f"note on order {number}",
        ])
    book.save(path)


def rows_of(mode, path):
    book = openpyxl.load_workbook(path, read_only=mode == "streamed", data_only=True)
    return book.worksheets[0].iter_rows(values_only=True)


def copy(mode, path, out):
    book = openpyxl.Workbook(write_only=mode == "streamed")
    sheet = book.create_sheet("Orders") if mode == "streamed" else book.active
    # What is read is held before it is written, as a program does that works on it.
    for row in rows_of(mode, path) if mode == "streamed" else list(rows_of(mode, path)):
        sheet.append(row)
    book.save(out)


def total(rows):
    """A figure a column: the sum of numbers, of days, of lengths."""
    totals = [0.0] * len(TITLES)
    count = 0
    for row in rows:
        count += 1
        for column, cell in enumerate(row):
            match cell:
                case int() | float():
                    totals[column] += cell
                case datetime.datetime():
                    totals[column] += (cell - datetime.datetime(2020, 1, 1)).total_seconds() / 86400
                case str():
                    totals[column] += len(cell)
    return " ".join([str(count), *(f"{figure:.2f}" for figure in totals)])


match sys.argv[1:]:
    case ["make", path, rows]:
        make(path, int(rows))
    case ["read", mode, path]:
        # The rows are there at the end, as they are for the next step of a workflow.
        print(len(list(rows_of(mode, path))) - 1)
    case ["copy", mode, path, out]:
        copy(mode, path, out)
    case ["sum", path]:
        print(total(rows_of("streamed", path)))
    case _:
        sys.exit(__doc__)
