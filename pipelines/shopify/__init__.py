"""Orders of Shopify stores, as the REST Admin API returns them.

Files: pages `{"orders": […]}`, arrays, or JSON lines of orders, plain or gzip. Amounts are in shop
currency. Source: https://shopify.dev/docs/api/admin-rest/latest/resources/order
Belongs here: the order object as received. What an order means in the books is dbt's work.
"""

from pipelines.kinds import KindSpec
from pipelines.shopify.parse import read, read_many
from pipelines.shopify.schema import TABLES

KIND = KindSpec(kind="shopify", tables=TABLES, read=read, read_many=read_many)
