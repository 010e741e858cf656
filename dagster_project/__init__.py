"""Orchestration: what runs when, what stops what, what is published, and the `tieout` command.

Belongs here: Dagster definitions (one folder per integration), gates as blocking checks, publishing,
the close report, schedules, and the command line. Does not belong here: any business rule. Nothing
else starts work: the command line, the schedules and the UI all run the same Dagster job.
"""
