"""Small sessions that are watched."""

import time
from pathlib import Path

import colanet
from colanet.config.overrides import override_all
from colanet.session import Session

ROOT = Path(__file__).parents[2]
NETWORK = ROOT / "tests" / "plan" / "published.nnc"
PERIOD = 15
LIBRARIES = ("starlette", "uvicorn", "plotly")


def session_of(*observers, **values):
    """Ten columns of two microcolumns, on 30 training and 10 test images."""
    network = override_all(colanet.load(NETWORK), {"population.L.size": "20"})
    small = {"train": 30, "test": 10, "copies": 2, "engine": "numba", "threads": 1}
    return Session(network, **small | values, observers=observers)


def wait(condition, seconds=30):
    """Until it is true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
