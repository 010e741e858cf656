"""Gates: what must be true before the run goes on, as Great Expectations suites in code.

Belongs here: one module per gate with its rules, the runner, and the connection to DuckDB. Does not
belong here: computing business results; a gate only compares what others computed. It knows neither
the sources nor the models' code: connections, paths and parameters are handed to it.
"""
