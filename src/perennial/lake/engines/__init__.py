"""Where the lake's plans run: DuckDB in this process, a Spark cluster, or PostgreSQL.

Every plan is one text in DuckDB's dialect. What runs it is a `Session` (terms.py) with the same few methods; the other
two have the text carried over by dialects.py. Rows are the same everywhere: whole numbers and decimals equal, doubles
equal bit for bit.
"""
