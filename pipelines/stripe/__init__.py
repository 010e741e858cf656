"""Payments, refunds, disputes, movements, payouts and invoices of Stripe accounts.

Files: list pages of the API (`{"object": "list", "data": […]}`), JSON lines of pages or of objects,
plain or gzip. Which object a record is, it says itself; file names do not matter.
Source: https://docs.stripe.com/api
Belongs here: objects as received, amounts as integers in minor units. Scaling them is dbt's work.
"""

from pipelines.kinds import KindSpec
from pipelines.stripe.parse import read, read_many
from pipelines.stripe.schema import TABLES

KIND = KindSpec(kind="stripe", tables=TABLES, read=read, read_many=read_many)
