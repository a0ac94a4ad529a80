"""What the tests of several parts share."""

import signal

import pytest

from colanet.cli import main

# A shell that runs the tests in the background has them, and the runs they interrupt, ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
