"""How a dbt node becomes a Dagster asset: key, group, owner, freshness.

Belongs here: names and labels. Asset keys mirror schema and table, so that the key in the graph is
the name in the file.
"""

from collections.abc import Callable, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject

from dagster_project.freshness.policies import table_policy
from dagster_project.names import OWNERS, PUBLISHED_SCHEMAS
from dagster_project.operations import Operations


def _room(properties: Mapping[str, Any]) -> str:
    """seeds, staging, intermediate, canonical, ledger or reconciliation."""
    if properties["resource_type"] == "seed":
        return "seeds"
    return properties["fqn"][1] if len(properties["fqn"]) > 2 else "other"


class TieoutTranslator(DagsterDbtTranslator):
    """Groups and owners by folder, freshness on the marts.

    gate: the gate that has to be open before the step of this translator. behind_gate: whether an
    upstream asset lies on its other side, so that a model which reads it has to wait.
    """

    def __init__(
        self, gate: dg.AssetKey, behind_gate: Callable[[dg.AssetKey], bool], operations: Operations
    ) -> None:
        super().__init__(settings=DagsterDbtTranslatorSettings(enable_dbt_selection_by_name=True))
        self._gate = gate
        self._behind_gate = behind_gate
        self._operations = operations

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        if dbt_resource_props["resource_type"] == "source":
            return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["name"]])
        if dbt_resource_props["resource_type"] == "seed":
            return dg.AssetKey(["seeds", dbt_resource_props["name"]])
        return super().get_asset_key(dbt_resource_props)

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        if dbt_resource_props["resource_type"] == "source":
            return None
        return _room(dbt_resource_props)

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str] | None:
        owners = super().get_owners(dbt_resource_props)
        owner = OWNERS.get(_room(dbt_resource_props))
        return list(owners) if owners else ([owner] if owner else None)

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        return dbt_resource_props.get("description") or ""

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        properties = self.get_resource_props(manifest, unique_id)
        if properties["resource_type"] != "model":
            return spec
        upstream = {dep.asset_key for dep in spec.deps}
        if self._gate not in upstream and any(map(self._behind_gate, upstream)):
            spec = spec.replace_attributes(deps=[*spec.deps, dg.AssetDep(self._gate)])
        if spec.key.path[0] in PUBLISHED_SCHEMAS:
            policy = table_policy(".".join(spec.key.path), self._operations)
            spec = spec.replace_attributes(freshness_policy=policy)
        return spec
