"""Files of every kind that colanet reads, changed until a reader breaks; and networks drawn at random.

`pytest tests/fuzzing` is the short form. The long form, and the figures of `docs/reliability.md`, come from
`python -m tests.fuzzing`.
"""
