"""A sample company in the vendors' own shapes, and the truth about it in a separate folder.

Belongs here: the one function that others call. The generator is imported when it runs, so that importing
this package costs nothing. README.md tells the company's story.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path


def write_sample(
    out: Path,
    *,
    orders: int = 2000,
    days: int = 60,
    seed: int = 7,
    faults: str = "default",
    truth: Path | None = None,
    end_date: date = date(2026, 6, 30),
    seeds: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Path:
    """Write a sample company and return the folder of the truth.

    out: landing folder; a folder per source is made below it, an earlier sample's folders are replaced.
    orders: store orders over both stores; B2B documents grow along. At least 600.
    days: length of the window that ends on end_date (the as-of date of a first run). 45 to 180.
    faults: none, default or heavy. truth: where the truth goes (default: `<out>/../truth`); never below out.
    seeds: master data (default: the repository's). The same arguments write the same bytes.

    Raises ValueError when the arguments cannot hold a sample.
    """
    from pipelines.sample.generate import generate, remove_previous
    from pipelines.settings import settings

    out = Path(out).resolve()
    folder = Path(truth).resolve() if truth else out.parent / "truth"
    if folder.is_relative_to(out):
        raise ValueError(
            f"truth='{folder}' lies below the landing folder '{out}', where the product would read it"
        )
    if orders < 600 or not 45 <= days <= 180:
        raise ValueError(f"orders={orders}, days={days}: expected at least 600 orders over 45 to 180 days")
    out.mkdir(parents=True, exist_ok=True)
    remove_previous(out)
    generate(
        out,
        orders=orders,
        days=days,
        seed=seed,
        faults=faults,
        truth=folder,
        end_date=end_date,
        seeds=seeds or settings().seeds,
        progress=progress or (lambda _: None),
    )
    return folder
