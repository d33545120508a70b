"""The same as tables.workflow.yaml, by pandas."""

import sys

import pandas

orders, customers, out = sys.argv[1:]
joined = pandas.read_csv(orders).merge(pandas.read_csv(customers), left_on="customer", right_on="id")
totals = joined.groupby(["region", "product"], sort=False)["amount"].agg(
    orders="count", total="sum", mean="mean", largest="max"
)
totals.reset_index().to_csv(out, index=False)
