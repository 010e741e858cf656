"""The close report: one self-contained HTML page per run, for the person who signs the books.

Belongs here: reading the published file and showing it. Does not belong here: computing business
results; every figure on the page is a query on a published table, so that it can be asked again.
"""

from dagster_project.report.page import build_close_report

__all__ = ["build_close_report"]
