"""The folder of docs/report.md, once for all tests of pages."""

import os

import pytest

from tests.report import run_page


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """What the commands of the page leave."""
    pytest.importorskip("plotly", reason='pip install "colanet[report]" brings plotly')
    place, here = tmp_path_factory.mktemp("report"), os.getcwd()
    os.chdir(place)
    try:
        run_page(place)
    finally:
        os.chdir(here)
    return place
