"""What is kept for how long, and how much of the machine DuckDB may take: sections of `operations.yml`.

Belongs here: the shape of the sections `retention` and `limits`. Does not belong here: deleting
(`publish.versions`, `publish.housekeeping`) or where the file is (`operations`).
"""

import re

from pydantic import BaseModel, ConfigDict, Field, field_validator

_SIZE = re.compile(r"^\d+(\.\d+)?\s?(KB|MB|GB|TB|KiB|MiB|GiB|TiB)$", re.IGNORECASE)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Retention(_Strict):
    """versions, version_days: published files; one goes only when it is beyond both.

    page_days: pages of certificates; the certificates themselves (JSON) are never deleted, because
    each proves the one before. log_days: logs of runs. run_history_days: runs in Dagster's history, and
    with them the points of its plots. tick_days: evaluations of schedules and sensors.
    """

    versions: int = Field(default=14, ge=1)
    version_days: int = Field(default=35, ge=0)
    page_days: int = Field(default=400, ge=1)
    log_days: int = Field(default=90, ge=1)
    run_history_days: int = Field(default=400, ge=1)
    tick_days: int = Field(default=90, ge=1)


class Limits(_Strict):
    """Of DuckDB; what is empty is DuckDB's own choice (80 % of the memory, all cores, 90 % of the disk).

    memory, temporary_disk: sizes such as 4GB or 512MiB. threads: cores at most.
    """

    memory: str | None = None
    temporary_disk: str | None = None
    threads: int | None = Field(default=None, ge=1)

    @field_validator("memory", "temporary_disk")
    @classmethod
    def _is_size(cls, value: str | None) -> str | None:
        if value is not None and not _SIZE.match(value):
            raise ValueError(f"'{value}' is not a size such as 4GB or 512MiB")
        return value
