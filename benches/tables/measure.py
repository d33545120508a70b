"""Joins and groups a million rows by casare and by pandas, in turns, and prints the ratios.

Usage: python measure.py path/to/casare [rows]   (a Python that has pandas)
"""

import csv
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
ROUNDS = 5


def generate(folder, rows):
    chance = random.Random(1)
    with open(folder / "customers.csv", "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["id", "name", "region"])
        for number in range(50_000):
            out.writerow([number, f"Customer {number}", f"region {number % 40}"])
    with open(folder / "orders.csv", "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["order", "customer", "product", "quantity", "amount", "date", "note"])
        for number in range(rows):
            amount = f"{chance.randrange(100, 1_000_000) / 100:.2f}"
            day = f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}"
            customer, product = chance.randrange(50_000), f"product {chance.randrange(25)}"
            out.writerow([number, customer, product, number % 9, amount, day, f"note {number}"])


def measured(command):
    """Seconds and MiB at the peak."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{command} failed")
    return time.monotonic() - began, usage.ru_maxrss / 1024


def totals(path):
    with open(path, newline="") as file:
        return {
            (row["region"], row["product"]): (int(row["orders"]), round(float(row["total"]), 2))
            for row in csv.DictReader(file)
        }


def main():
    casare = pathlib.Path(sys.argv[1]).resolve()
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        generate(folder, rows)
        orders, customers = folder / "orders.csv", folder / "customers.csv"
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(measured([
                casare, "run", HERE / "tables.workflow.yaml", "-i", f"orders={orders}",
                "-i", f"customers={customers}", "-i", f"out={folder / 'casare.csv'}", "--no-journal",
            ]))
            theirs.append(measured([
                sys.executable, HERE / "pandas_tables.py", orders, customers, folder / "pandas.csv",
            ]))
        if totals(folder / "casare.csv") != totals(folder / "pandas.csv"):
            sys.exit("the two sides do not agree")
        for index, (what, unit, wanted) in enumerate([("time", "s", 0.5), ("peak memory", "MiB", 0.3)]):
            a, b = (statistics.median(run[index] for run in side) for side in (ours, theirs))
            print(f"{what}: casare {a:.2f} {unit}, pandas {b:.2f} {unit}, ratio {a / b:.2f} (wanted ≤ {wanted})")


main()
