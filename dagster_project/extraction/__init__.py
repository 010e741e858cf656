"""Landing files and raw tables as assets: one step per kind of source, one asset per raw table."""
