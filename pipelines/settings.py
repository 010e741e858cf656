"""Every path and environment variable of the platform, resolved in one place.

Belongs here: where a run reads and writes. Does not belong here: what the sources are (`config`).
"""

import os
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
SAMPLE_SOURCES = REPOSITORY / "pipelines" / "sources.yml"

# Finance data does not phone home, and on a closed network each of these costs seconds a run.
TELEMETRY_OFF = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "DAGSTER_DISABLE_TELEMETRY": "yes",
}


@dataclass(frozen=True)
class Settings:
    """Where one installation keeps its files; `home` holds everything that a run makes."""

    home: Path
    sources_file: Path
    seeds: Path

    @property
    def landing(self) -> Path:
        """Files as received, one folder per source."""
        return self.home / "landing"

    @property
    def warehouse(self) -> Path:
        """The DuckDB file in which a run works; never read by people."""
        return self.home / "warehouse" / "tieout.duckdb"

    @property
    def published(self) -> Path:
        """The DuckDB file that people read; replaced whole after the gates pass."""
        return self.home / "published" / "tieout.duckdb"

    @property
    def reports(self) -> Path:
        return self.home / "reports"

    @property
    def dlt(self) -> Path:
        """Working folder of the dlt pipelines: pending load packages and state."""
        return self.home / "dlt"

    @property
    def dagster(self) -> Path:
        """DAGSTER_HOME: run history and logs."""
        return self.home / "dagster"

    @property
    def dbt_target(self) -> Path:
        return self.home / "dbt"


def settings() -> Settings:
    """Read the environment: `TIEOUT_HOME`, `TIEOUT_SOURCES`, `TIEOUT_SEEDS`; switch telemetry off.

    A home with a `sources.yml` or `seeds/` of its own (`tieout init`) uses them; the variables come first.
    """
    for name, value in TELEMETRY_OFF.items():
        os.environ.setdefault(name, value)
    home = Path(os.environ.get("TIEOUT_HOME") or REPOSITORY / ".tieout").expanduser().resolve()
    own_sources, own_seeds = home / "sources.yml", home / "seeds"
    sources = os.environ.get("TIEOUT_SOURCES") or (own_sources if own_sources.is_file() else SAMPLE_SOURCES)
    seeds = os.environ.get("TIEOUT_SEEDS") or (own_seeds if own_seeds.is_dir() else REPOSITORY / "seeds")
    return Settings(
        home=home,
        sources_file=Path(sources).expanduser().resolve(),
        seeds=Path(seeds).expanduser().resolve(),
    )
