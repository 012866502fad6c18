"""Series: one job and a folder of patterns, refined frame by frame, in parallel, resumable.

`series_file` is the TOML file, `frames` the patterns with their axis values, `plan` who starts from whose answer, `store` the
one SQLite file that holds everything, `run` the driver, `cluster` the processes that Dask keeps, `frame` one refinement in
one of them. `series.Series` reads a store; `trends`, `transitions`, `change_points`, `correlation` and `alarms` say what the
frames show together; `export` writes them out.
"""
