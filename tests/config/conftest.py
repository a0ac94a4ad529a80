"""The commands as a user calls them."""

import pytest
from click.testing import CliRunner

from colanet.config.commands import convert, validate


@pytest.fixture
def run_validate():
    return lambda *args: CliRunner().invoke(validate, [str(arg) for arg in args])


@pytest.fixture
def run_convert():
    return lambda *args: CliRunner().invoke(convert, [str(arg) for arg in args])
