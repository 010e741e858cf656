"""What a person may choose for one run."""

import dagster as dg


class CloseConfig(dg.ConfigurableResource):
    """as_of_date: the day to close on (YYYY-MM-DD); empty for the latest that a source declared."""

    as_of_date: str = ""
