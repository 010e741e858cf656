"""One external asset per source instance: the store, account or export that delivers files.

Belongs here: what makes a late source visible. The asset is materialised when new files of the source
were landed, so its freshness policy (from the source configuration) measures the source, not our job.
"""

import dagster as dg

from dagster_project.freshness.policies import source_policy
from pipelines.config import Configuration


def source_key(name: str) -> dg.AssetKey:
    return dg.AssetKey(["landing", name])


def source_specs(configuration: Configuration) -> list[dg.AssetSpec]:
    """An asset per source name. Of several entries under one name, the strictest freshness counts."""
    specs: dict[str, dg.AssetSpec] = {}
    strictest = sorted(configuration.sources, key=lambda entry: entry.freshness.error_after_hours)
    for instance in strictest:
        if instance.name in specs:
            continue
        entries = [entry for entry in configuration.sources if entry.name == instance.name]
        specs[instance.name] = dg.AssetSpec(
            key=source_key(instance.name),
            group_name="sources",
            description=" \n".join(
                f"{entry.description or entry.name} (`{entry.path}`)" for entry in entries
            ),
            owners=[f"team:{instance.owner}"],
            kinds={"file"},
            tags={"entity": instance.entity_id, "kind": instance.kind},
            metadata={
                "entity": instance.entity_id,
                "time_zone": instance.time_zone,
                "paths": [entry.path for entry in entries],
            },
            freshness_policy=source_policy(instance),
        )
    return [specs[name] for name in sorted(specs)]
