"""The schema's history. `HEAD` is its newest revision: whether a database is up to date is known
without loading Alembic."""

HEAD = "0014"
