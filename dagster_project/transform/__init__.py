"""dbt as assets: the manifest, the translation of its nodes, and running it inside the process."""
