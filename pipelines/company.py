"""Whether seeds and sources describe one company: what a run needs to know before it begins.

Belongs here: checks across `sources.yml` and the seeds, said with file, line and what to add. Does not
belong here: the content of a seed, which dbt tests when it is loaded.
"""

import csv
from collections.abc import Iterable
from pathlib import Path
from zoneinfo import ZoneInfo

from pipelines.config import Configuration, ConfigurationError
from pipelines.settings import REPOSITORY, settings

BUNDLED = REPOSITORY / "seeds"


def header_of(seed: Path) -> list[str]:
    """The columns of a seed."""
    with seed.open(encoding="utf-8-sig", newline="") as file:
        return next(csv.reader(file), [])


def seed_rows(seed: Path) -> list[dict[str, str]]:
    """The rows of a seed; a byte order mark (spreadsheets write one) is no part of its first column."""
    with seed.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def base_currency_of(entity_id: str) -> str | None:
    """The currency of an entity's books; None for an entity that the seeds do not list."""
    entities = settings().seeds / "master_legal_entities.csv"
    if not entity_id or not entities.is_file():
        return None
    return next((row["base_currency"] for row in seed_rows(entities) if row["entity_id"] == entity_id), None)


def check_company(configuration: Configuration, sources_file: Path, seeds: Path) -> None:
    """Raise ConfigurationError when a seed is missing or misshapen, or an entity is nobody's."""
    _check_files(seeds)
    entities = seed_rows(seeds / "master_legal_entities.csv")
    _check_entities(entities, seeds)
    _check_sources(configuration, sources_file, seeds, {row["entity_id"] for row in entities})


def _check_files(seeds: Path) -> None:
    if not seeds.is_dir():
        raise ConfigurationError(
            f"{seeds}: no folder of seeds there. `tieout init DIR` writes one for a company of your own; "
            "without TIEOUT_SEEDS those of the sample company are used."
        )
    expected = sorted(BUNDLED.glob("*.csv"))
    missing = [seed.name for seed in expected if not (seeds / seed.name).is_file()]
    if missing:
        raise ConfigurationError(
            f"{seeds}: {_listed(missing)} not there. Every seed is needed, if only with its header; "
            f"copy what is missing from {BUNDLED}."
        )
    for seed in expected:
        own = seeds / seed.name
        found, wanted = header_of(own), header_of(seed)
        lacking = [name for name in wanted if name not in found]
        if lacking:
            hint = " Save it with commas, not semicolons." if len(found) == 1 and ";" in found[0] else ""
            raise ConfigurationError(
                f"{own}, line 1: no column {_listed(lacking)}; found {_listed(found) or 'an empty file'}. "
                f"Expected {','.join(wanted)}.{hint}"
            )


def _check_entities(entities: list[dict[str, str]], seeds: Path) -> None:
    own = seeds / "master_legal_entities.csv"
    currencies = {row["currency"] for row in seed_rows(seeds / "currencies.csv")}
    with_periods = {row["entity_id"] for row in seed_rows(seeds / "periods.csv")}
    for line, row in enumerate(entities, 2):
        entity = row["entity_id"]
        if row["base_currency"] not in currencies:
            raise ConfigurationError(
                f"{own}, line {line}: base_currency '{row['base_currency']}' of {entity} is not in "
                f"{seeds / 'currencies.csv'}. Expected an ISO 4217 code such as EUR."
            )
        try:
            ZoneInfo(row["time_zone"])
        except Exception as error:
            raise ConfigurationError(
                f"{own}, line {line}: time_zone '{row['time_zone']}' of {entity} is not an IANA time zone "
                "such as Europe/Berlin."
            ) from error
        if entity not in with_periods:
            raise ConfigurationError(
                f"{seeds / 'periods.csv'}: no month of {entity}, so nothing of it could be posted. Add one "
                f"line per month: {entity},2026-01,2026-01-01,2026-01-31,open,"
            )


def _check_sources(
    configuration: Configuration, sources_file: Path, seeds: Path, known: Iterable[str]
) -> None:
    for source in configuration.sources:
        if source.entity_id not in known:
            own = seeds / "master_legal_entities.csv"
            raise ConfigurationError(
                f"{sources_file}: source '{source.name}' is of entity {source.entity_id}, which {own} does "
                f"not list (it has: {', '.join(sorted(known)) or 'none'}). Add it there and its months in "
                f"periods.csv, as\n  {source.entity_id},<name>,<country>,<base currency>,{source.time_zone},1\n"
                f"For a company of your own: tieout init DIR --entity {source.entity_id}"
            )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
