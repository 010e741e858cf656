"""`tieout status`: the published close, and since when."""

from datetime import UTC, datetime

from dagster_project.commands.close_table import print_close
from dagster_project.commands.published import published, published_file


def show_status() -> int:
    """Print the close. Exit code 0 whenever there is one to show."""
    path = published_file()
    with published() as connection:
        print_close(connection)
    since = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    print(f"\nUnchanged since {since:%Y-%m-%d %H:%M} UTC: {path}")
    return 0
