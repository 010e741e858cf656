"""`tieout match`: two files with each other, and what people decide about the company's own matches.

Belongs here: names, options and help. `tieout match LEFT RIGHT` needs no further word; `accept`, `reject` and
the others are words of their own. A file that is called like one of them is written with its folder
(`./accept`). The commands live in `commands/` and are imported when they run.
"""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

_FILES = "files"

Reason = Annotated[str, typer.Option("--reason", help="Why, for the auditor. Mandatory.")]
User = Annotated[
    str | None, typer.Option("--user", help="Who decides. Default: the login; the login is kept beside it.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change, and write nothing.")]


class _FilesOrDecision(TyperGroup):
    """What does not begin with the name of a decision is two files."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [_FILES, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_FilesOrDecision,
    no_args_is_help=True,
    help=(
        "Match two files with each other:\n\n"
        "tieout match LEFT RIGHT --out DIR   (options: tieout match files --help)\n\n"
        "Or decide about the company's own matches. A match is named by its match_id, an exception by its id (or "
        "the first characters of it, as tieout exceptions shows them), an item as TYPE:ID, such as "
        "invoice:erp_de:4000017. Each decision is kept with person, time and reason in an append-only log "
        "(TIEOUT_HOME/landing/decisions), and takes effect with the next run."
    ),
)


@app.command(_FILES)
def files(
    left: Annotated[Path, typer.Argument(help="Items of one side: CSV, Parquet, Excel or JSON.")],
    right: Annotated[Path, typer.Argument(help="The other side.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for matches, open items and the report.")],
    rules: Annotated[
        Path | None, typer.Option("--rules", "-r", help="YAML with rules (as in match_rules) and tolerances.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option("--map", "-m", help="Say what a column is, such as left.amount=Betrag; repeat."),
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show the SQL of every pass.")] = False,
) -> None:
    """Match two files with each other. Columns are guessed and the guess is shown; no rules are needed.

    The word `files` may be left out.
    """
    from dagster_project.commands.match import match_two_files

    match_two_files(left, right, out, rules=rules, columns=column or [], explain=explain)


@app.command()
def accept(
    targets: Annotated[
        list[str],
        typer.Argument(metavar="TARGET...", help="A match, an exception, or the items of both sides."),
    ],
    reason: Reason,
    amount: Annotated[
        str | None, typer.Option(help="Match only this much of two items; the rest stays open.")
    ] = None,
    reconciliation: Annotated[
        str | None, typer.Option(help="Which reconciliation, where items stand in several.")
    ] = None,
    user: User = None,
    dry_run: DryRun = False,
) -> None:
    """Confirm a proposed match, or match items that the engine did not propose.

    Example: tieout match accept bank_transaction:bank_de:B-17 invoice:erp_de:4000017 --reason "advice of 3 June"
    """
    from dagster_project.commands.decisions import matches
    from dagster_project.commands.decisions.taking import Person, decide

    person = Person(reason, user, dry_run)
    decide(lambda books: matches.accept(books, targets, amount, reconciliation), person)


@app.command()
def reject(
    targets: Annotated[
        list[str], typer.Argument(metavar="TARGET...", help="A match, an exception, or items of both sides.")
    ],
    reason: Reason,
    user: User = None,
    dry_run: DryRun = False,
) -> None:
    """Say that items do not belong together: they are never proposed again, alone or inside a group."""
    from dagster_project.commands.decisions import matches
    from dagster_project.commands.decisions.taking import Person, decide

    decide(lambda books: matches.reject(books, targets), Person(reason, user, dry_run))


@app.command()
def unmatch(
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="TARGET...", help="A match, the two items of one link, or decisions:N, a write-off."
        ),
    ],
    reason: Reason,
    user: User = None,
    dry_run: DryRun = False,
) -> None:
    """Undo a match, one link of it, or a write-off. The other links stay."""
    from dagster_project.commands.decisions import matches
    from dagster_project.commands.decisions.taking import Person, decide

    decide(lambda books: matches.unmatch(books, targets), Person(reason, user, dry_run))


@app.command()
def split(
    match: Annotated[str, typer.Argument(metavar="MATCH", help="A match or an exception of one.")],
    items: Annotated[
        list[str], typer.Argument(metavar="ITEM...", help="What to take out of it, as TYPE:ID.")
    ],
    reason: Reason,
    user: User = None,
    dry_run: DryRun = False,
) -> None:
    """Take items out of a match. Among themselves they stay together; the rest of the match stays, too."""
    from dagster_project.commands.decisions import matches
    from dagster_project.commands.decisions.taking import Person, decide

    decide(lambda books: matches.split(books, match, items), Person(reason, user, dry_run))


@app.command("write-off")
def write_off(
    item: Annotated[
        str,
        typer.Argument(metavar="ITEM", help="A document or bank line with an open remainder, as TYPE:ID."),
    ],
    reason: Reason,
    difference: Annotated[
        str, typer.Option("--as", help="small_write_off, bad_debt, ...: a reason of write_off_limits.csv.")
    ] = "small_write_off",
    amount: Annotated[str | None, typer.Option(help="How much. Default: all that is open.")] = None,
    user: User = None,
    dry_run: DryRun = False,
) -> None:
    """Settle an open remainder without money, within the limits of write_off_limits.csv; it is posted."""
    from dagster_project.commands.decisions import write_offs
    from dagster_project.commands.decisions.taking import Person, decide

    decide(
        lambda books: write_offs.write_off(books, item, amount, difference, user),
        Person(reason, user, dry_run),
    )


@app.command()
def assign(
    exception: Annotated[
        str, typer.Argument(metavar="EXCEPTION", help="Id of the exception, or its document.")
    ],
    owner: Annotated[str, typer.Argument(help="Who clears it from now on.")],
    reason: Reason,
    user: User = None,
    dry_run: DryRun = False,
) -> None:
    """Give an exception to somebody."""
    from dagster_project.commands.decisions import remarks
    from dagster_project.commands.decisions.taking import Person, decide

    decide(lambda books: remarks.assign(books, exception, owner), Person(reason, user, dry_run))


@app.command()
def comment(
    target: Annotated[str, typer.Argument(metavar="TARGET", help="An exception, or a document as TYPE:ID.")],
    text: Annotated[str, typer.Argument(help="What there is to say.")],
    user: User = None,
    dry_run: DryRun = False,
) -> None:
    """Say something about an exception or a document; it is shown with it."""
    from dagster_project.commands.decisions import remarks
    from dagster_project.commands.decisions.taking import Person, decide

    decide(lambda books: remarks.comment(books, target, text), Person(text, user, dry_run))


@app.command("log")
def show_log(
    verify: Annotated[
        bool, typer.Option("--verify", help="Prove that nothing in the log was changed, cut or moved.")
    ] = False,
    format_: Annotated[str, typer.Option("--format", "-f", help="table, csv or json.")] = "table",
) -> None:
    """List every decision, oldest first, with what came of it."""
    from dagster_project.commands.decisions.listing import list_decisions, verify_log

    raise typer.Exit(verify_log() if verify else list_decisions(format_))
