"""Exports as delimited text (kind `csv`): orders, payments, invoices, bills, expenses, cards, bank lines, ledger.

Source of the form: RFC 4180, and the exports of ERPs, banks and expense tools that do not follow it.
Belongs here: any file of records in columns, by the column mapping of its source or by its headers.
Does not belong here: vendors' own structures (a package each) and what a status or sign means (dbt).
"""

from pipelines.kinds import KindSpec
from pipelines.tabular.read import read
from pipelines.tabular.schema import TABLES

KIND = KindSpec(kind="csv", tables=TABLES, read=read)
