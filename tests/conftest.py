"""What the tests of several parts share."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Tests run side by side: a product of matrices on all cores would only take them from the others.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from colanet.cli import main
from tests import browser

ROOT = Path(__file__).parents[1]

# On a machine that does other things too, how long an example takes says nothing.
settings.register_profile("colanet", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("colanet")

# A shell that runs the tests in the background has them, and the runs they interrupt, ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """Of `-n auto`: the cores that there are, as long as they find something to do."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, 8)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session):
    """Workers that begin together would each compile the same kernels."""
    if session.config.getoption("numprocesses", None):
        words = ["run", "configs/mnist.yaml", "--train", "1", "--test", "1", "--copies", "1", "--quiet"]
        subprocess.run([sys.executable, "-m", "colanet", *words], cwd=ROOT, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def tab():
    """A tab of a headless Chromium."""
    yield from browser.tabs()


@pytest.fixture
def call(capfd):
    """Runs the command line in this process: (exit status, standard output, standard error)."""

    def run(*arguments):
        capfd.readouterr()
        status = 0
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as end:
            status = int(end.code or 0)
        output = capfd.readouterr()
        return status, output.out, output.err

    return run
