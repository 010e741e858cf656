"""The kinds of source that exist, and what each one promises: its raw tables and its reader.

Belongs here: the list of kinds and the shape of a promise. A kind is one package with a `KIND`; its
instances (stores, accounts, exports) are entries of `sources.yml`. Does not belong here: how rows are
loaded (`loading`) or what a record looks like (the kind's own `schema`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module

import pyarrow as pa

from pipelines.config import Kind, SourceInstance
from pipelines.control_totals import CONTROL_TOTALS
from pipelines.landing import FILES
from pipelines.provenance import Batch, LandingFile
from pipelines.rejects import REJECTS
from pipelines.schema_drift import SCHEMA_DRIFT

Reader = Callable[[LandingFile, SourceInstance], Iterator[Batch]]
ManyReader = Callable[[Sequence[LandingFile], SourceInstance], Iterator[Batch]]

# Tables that every raw_<kind> has, filled by `loading` (files) and by the readers (the others).
COMMON_TABLES: dict[str, pa.Schema] = {
    "files": FILES,
    "control_totals": CONTROL_TOTALS,
    "rejects": REJECTS,
    "schema_drift": SCHEMA_DRIFT,
}

_PACKAGES: dict[str, str] = {
    "shopify": "pipelines.shopify",
    "stripe": "pipelines.stripe",
    "bank": "pipelines.bank",
    "csv": "pipelines.tabular",
    "ecb": "pipelines.ecb",
    "einvoice": "pipelines.einvoice",
    "payment_files": "pipelines.payment_files",
    "decisions": "pipelines.decisions",
}

KINDS: tuple[Kind, ...] = (
    "shopify",
    "stripe",
    "bank",
    "csv",
    "ecb",
    "decisions",
    "einvoice",
    "payment_files",
)


@dataclass(frozen=True)
class KindSpec:
    """What a package promises for its kind.

    tables: the data tables of raw_<kind>, by name; each schema starts with the provenance columns.
    read: turns one file into batches of those tables and of `control_totals`, `rejects` and
        `schema_drift`; it may also yield one row for `files` (see `landing.file_row`) when it knows
        more than the loader: format and how it was recognised. Batches are bounded (say 50,000 rows)
        so that a file of any size needs little memory. It never raises because of what a file holds:
        a file that cannot be read at all is one reject with reason `unreadable_file`.
    read_many: the same for several files of one instance at once, where reading them one by one would
        cost much more (a daily export may hold a handful of records).
    version: of what the reader makes of a file. Raised when the same file reads differently: it is then read
        again, and what the older reader made of it is taken out (`rereading`).
    """

    kind: Kind
    tables: dict[str, pa.Schema]
    read: Reader
    read_many: ManyReader | None = None
    version: int = 1

    @property
    def dataset(self) -> str:
        return f"raw_{self.kind}"

    @property
    def all_tables(self) -> dict[str, pa.Schema]:
        return {**self.tables, **COMMON_TABLES}


def kind_spec(kind: Kind) -> KindSpec:
    """The promise of one kind; its package is imported only when asked for."""
    spec: KindSpec = import_module(_PACKAGES[kind]).KIND
    return spec
