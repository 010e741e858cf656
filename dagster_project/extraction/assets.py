"""Raw tables: a step per kind that loads every new file through dlt.

Belongs here: turning what an extraction did into materialisations with row counts, rejects and
residuals. Does not belong here: reading files (`pipelines`).
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from dagster_project.completed import GATE_OF_THE_RAW_TABLES, begin
from dagster_project.extraction.sources import source_key
from dagster_project.names import WAREHOUSE_POOL
from dagster_project.retries import retrying
from dagster_project.run_config import CloseConfig
from dagster_project.warehouse import quoted, reading, row_counts
from pipelines.config import Configuration, Kind
from pipelines.kinds import KINDS, KindSpec, kind_spec
from pipelines.settings import Settings

_FORMATS = {
    "shopify": "json",
    "stripe": "json",
    "bank": "file",
    "csv": "csv",
    "ecb": "csv",
    "einvoice": "xml",
    "payment_files": "xml",
    "decisions": "json",
}

_COMMON = {
    "files": "One row per delivered file: identity by content, format, whether it was loaded or rejected.",
    "control_totals": (
        "What the source declared per file, stream, currency and business date, measured on another "
        "path than the load. Staging compares it with what arrived; the residual must be zero."
    ),
    "rejects": "Records and files that could not be landed, with reason, place and payload.",
    "schema_drift": "Fields that a source sent and no model reads yet.",
}


def raw_key(kind: str, table: str) -> dg.AssetKey:
    return dg.AssetKey([f"raw_{kind}", table])


def _column_schema(spec: KindSpec, table: str) -> dg.TableSchema:
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=field.name,
                type=str(field.type),
                constraints=dg.TableColumnConstraints(nullable=field.nullable),
            )
            for field in spec.all_tables[table]
        ]
    )


def _specs(spec: KindSpec, configuration: Configuration) -> list[dg.AssetSpec]:
    instances = sorted({instance.name for instance in configuration.of_kind(spec.kind)})
    return [
        dg.AssetSpec(
            key=raw_key(spec.kind, table),
            deps=[source_key(name) for name in instances],
            group_name="raw",
            description=_COMMON.get(table)
            or f"{table.replace('_', ' ').capitalize()} of every {spec.kind} source as received: "
            "append-only, with the file and position of each record.",
            owners=["team:data-platform"],
            kinds={"dlt", "duckdb", _FORMATS.get(spec.kind, "file")},
            metadata={
                "dagster/column_schema": _column_schema(spec, table),
                "dagster/table_name": f"raw_{spec.kind}.{table}",
            },
        )
        for table in spec.all_tables
    ]


def _unaccounted(connection: Any, kind: str) -> int:
    """Files that the load does not account for: no row in `files`, though records carry their id."""
    (count,) = connection.execute(
        f"""
        select count(distinct load_id)
        from {quoted(f"raw_{kind}", "control_totals")}
        where load_id not in (select load_id from {quoted(f"raw_{kind}", "files")})
        """
    ).fetchone()
    return count


def extraction(kind: Kind, configuration: Configuration, settings: Settings) -> dg.AssetsDefinition:
    """The step `extract_<kind>` with one asset per table of raw_<kind>."""
    spec = kind_spec(kind)

    @dg.multi_asset(
        name=f"extract_{kind}",
        specs=_specs(spec, configuration),
        pool=WAREHOUSE_POOL,
        description=f"Loads every new {kind} file below the landing folder into raw_{kind}.",
    )
    def extract(context: dg.AssetExecutionContext, close: CloseConfig) -> Iterator[Any]:
        from dagster_project.extraction.isolation import load

        with retrying(context):
            done, failures = load(kind, configuration, settings)
            if not done.is_skipped:
                # What the gate knows of the raw rows is of yesterday, also when only this step was asked for.
                begin(settings.warehouse, GATE_OF_THE_RAW_TABLES)
            with reading(settings.warehouse) as connection:
                totals = row_counts(connection, [(f"raw_{kind}", table) for table in spec.all_tables])
                unaccounted = _unaccounted(connection, kind)
                newest = dict(
                    connection.execute(
                        f"""
                        select source_name, max(business_date)
                        from {quoted(f"raw_{kind}", "control_totals")}
                        group by source_name
                        """
                    ).fetchall()
                )
        for name, message in failures.items():
            context.log.error(f"{name} could not be loaded; the other sources were: {message}")
        delivered = set(done.files)
        for name in sorted({instance.name for instance in configuration.of_kind(kind)}):
            files = sorted(file for file in delivered if file.startswith(f"{name}/"))
            if files:
                context.log_event(
                    dg.AssetMaterialization(
                        asset_key=source_key(name),
                        metadata={
                            "new_files": len(files),
                            "newest_business_date": str(newest.get(name)),
                            "files": files[:50],
                        },
                    )
                )
        for table in spec.all_tables:
            metadata: dict[str, Any] = {
                "dagster/row_count": totals[f"raw_{kind}", table],
                "new_rows": done.tables.get(table, 0),
            }
            if table == "files":
                metadata |= {
                    "new_files": len(done.files),
                    "known_files": done.known_files,
                    "new_bytes": done.size_bytes,
                    "seconds": round(done.seconds, 2),
                    "failed_sources": len(failures),
                }
            if table == "control_totals":
                metadata |= {"unaccounted_files": unaccounted}
            if table == "rejects":
                metadata |= {"new_rejects": done.rejects}
            yield dg.MaterializeResult(asset_key=raw_key(kind, table), metadata=metadata)

    return extract


def extractions(configuration: Configuration, settings: Settings) -> list[dg.AssetsDefinition]:
    return [extraction(kind, configuration, settings) for kind in KINDS]
