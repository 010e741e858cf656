"""Runs one extraction and kills its own process (SIGKILL) at the named moment.

Arguments: the moment (`reading N`: at the Nth batch; `loading N`: after the Nth data table is in
the warehouse; `end`: not at all). TIEOUT_HOME says where.
"""

import os
import signal
import sys

from reading import instance

from pipelines import loading
from pipelines.config import Configuration
from pipelines.kinds import kind_spec
from pipelines.settings import settings


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(moment: str, count: int) -> None:
    seen = 0
    if moment == "reading":
        read_files = loading.read_files

        def counted_batches(*arguments):
            nonlocal seen
            for batch in read_files(*arguments):
                seen += 1
                if seen == count:
                    die()
                yield batch

        loading.read_files = counted_batches
    if moment == "loading":
        from dlt.destinations.impl.duckdb.duck import DuckDbCopyJob

        run = DuckDbCopyJob.run

        def counted_run(self):
            nonlocal seen
            run(self)
            seen += self.load_table_name in kind_spec("shopify").tables
            if seen == count:
                die()

        DuckDbCopyJob.run = counted_run
    found = loading.extract("shopify", Configuration(sources=(instance("shopify"),)), settings())
    print(found.rows, found.resumed_packages)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
