"""What a computer can do to a run: kill it, fill its disk, flip a bit of its files.

`pytest tests/faults` is the short form. The long form, and the figures of `docs/reliability.md`, come from
`python -m tests.faults`.
"""
