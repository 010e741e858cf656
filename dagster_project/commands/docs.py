"""`tieout docs`: the dbt docs as one page, and the Data Docs of the last run."""

from dagster_project.commands.errors import CommandError
from dagster_project.instance import prepare_environment
from pipelines.settings import Settings, settings


def _dbt_docs(place: Settings) -> None:
    from dbt.cli.main import dbtRunner

    from dagster_project.transform.invocation import close_connections
    from dagster_project.transform.manifest import parsed_manifest

    result = dbtRunner(manifest=parsed_manifest(place)).invoke(
        ["docs", "generate", "--static", "--quiet", "--no-use-colors", "--log-level", "none", "--no-compile"]
    )
    close_connections()
    if not result.success:
        raise CommandError(f"dbt could not write its docs: {result.exception}")
    page = place.dbt_target / "static_index.html"
    page.replace(place.reports / "dbt_docs.html")


def build_docs() -> None:
    place = settings()
    if not place.warehouse.is_file():
        raise CommandError(f"there is no warehouse yet ({place.warehouse}). Run the job first: tieout run")
    prepare_environment(place)
    _dbt_docs(place)
    # Shown in the UI beside each table from the next run on.
    from dagster_project.transform import lineage
    from dagster_project.transform.manifest import manifest

    lineage.compute(manifest(place), place)
    from expectations.runner import build_data_docs

    print(f"dbt docs:  {place.reports / 'dbt_docs.html'}")
    print(f"Data Docs: {build_data_docs(place.reports)}")
