"""Commands that fetch, convert, cut and permute data sets: ``python -m data_tools --help``."""
