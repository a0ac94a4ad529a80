"""One table of digests: however a network is run, on whatever engine and with whatever versions, one result.

`python -m tests.determinism` prints the table, `--store` adds a row to the table of `docs/reliability.md`, and
`--renew` writes `digests.json`; a commit that renews it says why the results changed.
"""
