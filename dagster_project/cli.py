"""The `tieout` command: thin, and quick to start.

Belongs here: names, options and help of the commands. Each command lives in `commands/` and is
imported when it runs, so that `tieout --help` does not wait for Dagster, dbt or pandas.
"""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from dagster_project import match_cli


class _Commands(TyperGroup):
    """Turns known errors into a message on standard error and exit code 1."""

    def invoke(self, ctx: Any) -> Any:
        from dagster_project.commands.errors import known_errors, message, traceback_text

        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # The reader of a pipe has seen enough (`tieout sql ... | head`).
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(1) from None
        except Exception as error:
            if type(error).__module__.partition(".")[0] in ("typer", "click"):
                raise  # how a command ends, or what is wrong with its arguments
            if isinstance(error, known_errors()):
                typer.echo(message(error), err=True)
            else:
                # A defect: where it happened, but no secret that an argument or a message may hold.
                typer.echo(traceback_text(error), err=True)
            raise typer.Exit(getattr(error, "exit_code", 1)) from error


app = typer.Typer(
    name="tieout",
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=(
        "Prove that every figure agrees with its source: extract, load, reconcile, check and publish.\n\n"
        "Start with `tieout run`; on an empty installation it creates a sample company first. Then ask: "
        "`tieout status`, `tieout exceptions`, `tieout trace ID`, `tieout sql QUERY`.\n\n"
        "All files live below TIEOUT_HOME (default .tieout). For a company of your own start with `tieout init`."
    ),
)

app.add_typer(match_cli.app, name="match")

Format = Annotated[str, typer.Option("--format", "-f", help="table, csv or json.")]
TableOrJson = Annotated[str, typer.Option("--format", "-f", help="table or json.")]
Version = Annotated[
    str | None,
    typer.Option(
        "--version", metavar="VERSION", help="A run, or a day: what stood at its end. Default: the current."
    ),
]


@app.command()
def run(
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="DATE",
            help="Day to close on (YYYY-MM-DD). Default: the latest date that a source declared.",
        ),
    ] = None,
    full_refresh: Annotated[
        bool,
        typer.Option("--full-refresh", help="Build and check everything again, also what has not changed."),
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Also show each dbt model as it is built.")
    ] = False,
) -> None:
    """Run the whole job once: load new files, transform, check, publish, and say what is open.

    Exit code 0 only when everything that was asked for was published.
    """
    from dagster_project.commands.run import run_job

    raise typer.Exit(run_job(as_of, verbose=verbose, full_refresh=full_refresh))


@app.command()
def init(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of the company; becomes TIEOUT_HOME.")
    ],
    entity: Annotated[str, typer.Option(help="Short code of the legal entity, e.g. NL01.")],
    currency: Annotated[str, typer.Option(help="Currency of its books, e.g. EUR.")],
    time_zone: Annotated[str, typer.Option(help="Where its day begins and ends, e.g. Europe/Amsterdam.")],
    name: Annotated[str, typer.Option(help="Registered name.")] = "",
    country: Annotated[str, typer.Option(help="ISO 3166 country, e.g. NL.")] = "",
    bank: Annotated[
        list[str] | None, typer.Option(help="IBAN or number of a bank account; repeat for several.")
    ] = None,
) -> None:
    """Start a company of your own: its seeds, a sources.yml and folders for its files."""
    from dagster_project.commands.init import create_company

    create_company(
        folder,
        entity=entity,
        name=name,
        country=country,
        currency=currency,
        time_zone=time_zone,
        banks=bank or [],
    )


@app.command()
def sample(
    orders: Annotated[
        int, typer.Option(help="Number of orders in both stores together (at least 600).")
    ] = 2000,
    days: Annotated[int, typer.Option(help="Days of business, ending 2026-06-30 (45 to 180).")] = 60,
    seed: Annotated[int, typer.Option(help="Same seed, same files.")] = 7,
    faults: Annotated[str, typer.Option(help="Faults hidden in it: none, default or heavy.")] = "default",
    out: Annotated[Path | None, typer.Option(help="Folder to write to. Default: the landing folder.")] = None,
) -> None:
    """Create the sample company: three entities, two stores, banks, ERP, cards, with known faults."""
    from dagster_project.commands.sample import create_sample

    create_sample(orders=orders, days=days, seed=seed, faults=faults, out=out)


@app.command()
def status() -> None:
    """Show the published close: per entity and reconciliation what is matched, what is open."""
    from dagster_project.commands.status import show_status

    raise typer.Exit(show_status())


@app.command()
def alerts(
    test: Annotated[
        bool, typer.Option("--test", help="Send a test message through every channel that is on.")
    ] = False,
    check: Annotated[
        bool,
        typer.Option("--check", help="Look now and send what is new, as the daemon does every five minutes."),
    ] = False,
) -> None:
    """Show what is open, what could not be sent, and which channels are on (operations.yml)."""
    from dagster_project.commands.alerts import show_alerts

    raise typer.Exit(show_alerts(test=test, check=check))


@app.command()
def exceptions(
    entity: Annotated[str | None, typer.Option(help="Only this entity, e.g. DE01.")] = None,
    type_: Annotated[str | None, typer.Option("--type", help="Only this exception type.")] = None,
    severity: Annotated[str | None, typer.Option(help="critical, warning or info.")] = None,
    owner: Annotated[str | None, typer.Option(help="Only those of this owner.")] = None,
    reconciliation: Annotated[str | None, typer.Option(help="Only this reconciliation.")] = None,
    status_: Annotated[str, typer.Option("--status", help="open, to_review, explained or all.")] = "open",
    limit: Annotated[int, typer.Option(help="Rows at most; 0 for all.", min=0)] = 50,
    format_: Format = "table",
) -> None:
    """List what a person has to look at, the largest amounts first."""
    from dagster_project.commands.exceptions import show_exceptions

    filters = {
        "entity_id": entity,
        "exception_type": type_,
        "severity": severity,
        "owner": owner,
        "reconciliation": reconciliation,
        "status": None if status_ == "all" else status_,
    }
    show_exceptions({name: value for name, value in filters.items() if value}, limit, format_)


@app.command()
def sql(
    query: Annotated[
        str, typer.Argument(help="One SELECT on the published file; - reads it from standard input.")
    ],
    format_: Format = "table",
    version: Version = None,
) -> None:
    """Ask the published file. Results go to standard output, errors to standard error.

    Example: tieout sql "select * from reconciliation.summary order by all"
    """
    from dagster_project.commands.sql import run_query

    run_query(sys.stdin.read() if query == "-" else query, format_, version)


@app.command()
def trace(
    id_: Annotated[str, typer.Argument(metavar="ID", help="Any document: an order, payout, bank line, ...")],
    format_: Annotated[str, typer.Option("--format", "-f", help="table or json.")] = "table",
) -> None:
    """Walk one document from its source record to the ledger and the bank."""
    from dagster_project.commands.trace import show_trace

    show_trace(id_, format_)


@app.command()
def export(
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder to write to, or a workbook ending in .xlsx.")
    ] = Path("export"),
    format_: Annotated[str, typer.Option("--format", "-f", help="csv, parquet or xlsx.")] = "csv",
    table: Annotated[
        list[str] | None,
        typer.Option(
            "--table", "-t", help="schema.table or a schema; repeat for several. Default: all marts."
        ),
    ] = None,
    version: Version = None,
    masked: Annotated[
        bool,
        typer.Option("--masked", help="Personal data as pseudonyms, keyed with TIEOUT_MASKING_KEY."),
    ] = False,
) -> None:
    """Write published tables as files, ordered, with spreadsheet formulas made harmless."""
    from dagster_project.commands.export import export_tables

    export_tables(out, format_, table or [], version=version, is_masked=masked)


@app.command()
def versions(format_: TableOrJson = "table") -> None:
    """List the published files that are kept, newest first."""
    from dagster_project.commands.as_of import show_versions

    show_versions(format_)


@app.command(name="as-of")
def as_of_(
    moment: Annotated[str, typer.Argument(metavar="DATE", help="A day (its end, UTC), or YYYY-MM-DDTHH:MM.")],
    format_: TableOrJson = "table",
) -> None:
    """Show which published figures stood on a day, and what they said."""
    from dagster_project.commands.as_of import show_as_of

    raise typer.Exit(show_as_of(moment, format_))


@app.command()
def verify(
    certificate: Annotated[
        str | None,
        typer.Argument(
            metavar="[CERTIFICATE]",
            help="Its number, a run id, or a file (.json, or a published .duckdb). Default: the newest.",
        ),
    ] = None,
    deep: Annotated[bool, typer.Option("--deep", help="Every certificate and every kept version.")] = False,
    format_: TableOrJson = "table",
) -> None:
    """Prove a tie-out certificate from the files: what agrees, and every item that differs.

    Exit code 0 when nothing differs, 1 when something does.
    """
    from dagster_project.commands.verify import verify_certificate

    raise typer.Exit(verify_certificate(certificate, deep=deep, format_=format_))


@app.command()
def diff(
    before: Annotated[
        str, typer.Argument(help="A run, a day, 'current', or the path of any DuckDB file.", metavar="BEFORE")
    ],
    after: Annotated[str, typer.Argument(help="The other one.", metavar="AFTER")] = "current",
    table: Annotated[
        list[str] | None,
        typer.Option("--table", "-t", help="schema.table, or old.table=new.table; repeat. Default: all."),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(
            "--key", "-k", help="schema.table=column,column, or column,column for tables that declare none."
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", help="A column that is not compared; repeat.")
    ] = None,
    rows: Annotated[int, typer.Option(help="Differing rows shown per table.", min=0)] = 3,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for every differing value, a CSV per table.")
    ] = None,
    format_: Format = "table",
) -> None:
    """Compare two published versions, or two DuckDB files: rows by key, columns, and amounts per currency.

    The tool for a parallel run against an old process, too. Exit code 0: the same, 1: different, 2: trouble.
    """
    from dagster_project.commands.diff import diff as compare

    raise typer.Exit(
        compare(
            before,
            after,
            wanted=table or [],
            keys=key or [],
            ignored=ignore or [],
            rows=rows,
            out=out,
            format_=format_,
        )
    )


config_app = typer.Typer(
    help="The log of changes of seeds, sources.yml and operations.yml.", no_args_is_help=True
)
app.add_typer(config_app, name="config")


@config_app.command(name="log")
def config_log(
    file: Annotated[
        str | None, typer.Argument(help="Only this file, row by row, e.g. match_rules.csv.")
    ] = None,
    limit: Annotated[int, typer.Option(help="Changes at most; 0 for all.", min=0)] = 50,
    format_: TableOrJson = "table",
) -> None:
    """Show who changed what and when, the newest first."""
    from dagster_project.commands.config import show_changes

    show_changes(file, limit, format_)


@config_app.command(name="record")
def config_record(
    reason: Annotated[str, typer.Option("--reason", "-m", help="Why it was changed.")],
    by: Annotated[str | None, typer.Option(help="Who changed it. Default: TIEOUT_USER, or the user.")] = None,
) -> None:
    """Log the changes made since the last run now, with a reason; otherwise the next run logs them."""
    from dagster_project.commands.config import record_changes

    record_changes(reason, by)


@app.command()
def replay(
    rejects: Annotated[
        list[str] | None,
        typer.Argument(help="Rejects (file#12) or files, as `tieout exceptions` names them."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything that is rejected.")] = False,
    replaced_by: Annotated[
        Path | None,
        typer.Option("--replaced-by", help="The corrected file, when it came under another name."),
    ] = None,
) -> None:
    """Read rejected files and records again after a fix; says what landed and what stays rejected."""
    from dagster_project.commands.replay import replay_rejects

    raise typer.Exit(replay_rejects(rejects or [], everything=everything, replaced_by=replaced_by))


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="Any statement or export; nothing is loaded.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Show what a file holds: its format, records, control totals and what is wrong with it."""
    from dagster_project.commands.inspect import inspect_file

    raise typer.Exit(inspect_file(file, as_json=as_json))


@app.command()
def ui(
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 3000,
) -> None:
    """Open the Dagster UI with lineage, checks, history, schedules and the sensor."""
    from dagster_project.commands.ui import serve

    raise typer.Exit(serve(port))


@app.command()
def docs() -> None:
    """Build the dbt docs and the Great Expectations Data Docs below TIEOUT_HOME/reports."""
    from dagster_project.commands.docs import build_docs

    build_docs()


if __name__ == "__main__":
    app()
