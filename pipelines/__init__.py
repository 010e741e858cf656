"""Extraction: one package per kind of source, and the few things that they share.

Belongs here: reading what vendors and banks send, giving every record its provenance, counting what
was declared, and landing or rejecting each record with dlt. Does not belong here: renaming, currency
scaling, matching or any business rule (dbt), and the order in which things run (Dagster).
"""
