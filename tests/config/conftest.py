"""The commands as a user calls them."""

from typing import NamedTuple

import pytest


class Outcome(NamedTuple):
    exit_code: int
    stdout: str
    stderr: str


@pytest.fixture
def run_validate(call):
    return lambda *args: Outcome(*call("validate", *args))


@pytest.fixture
def run_convert(call):
    return lambda *args: Outcome(*call("convert", *args))
