"""Warnings about configurations."""


class ConfigWarning(UserWarning):
    """A configuration works, but probably not as meant."""
