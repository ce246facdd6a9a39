"""Many annotators at once against a running site: a light client, the site, and the books.

`python -m benchmarks.load.run` does one run against the database of DATABASE_URL and prints what
came of it as JSON; `benchmarks.saves` makes the table of it.
"""
