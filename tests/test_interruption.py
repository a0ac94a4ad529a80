"""Ctrl-C and SIGTERM end a command with one line and the status of the signal, wherever they find it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from colanet import interruption
from colanet.commands.progress import Progress
from colanet.programs import run_safely

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")


def ended(capsys, body):
    """Run a function as a command: (exit status, standard error)."""
    with pytest.raises(SystemExit) as caught:
        run_safely(click.command()(body), "toy", [])
    return caught.value.code, capsys.readouterr().err


def send(number=signal.SIGINT):
    os.kill(os.getpid(), number)
    time.sleep(0.01)


def swallowed(number=signal.SIGINT):
    """A signal whose exception falls into a callback that nothing comes out of, as in `__del__`."""

    class Callback:
        def __del__(self):
            send(number)

    Callback()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_is_one_line_and_its_status(capsys, number, status):
    before = signal.getsignal(number)
    assert ended(capsys, lambda: send(number)) == (status, "interrupted\n")
    assert signal.getsignal(number) == before
    interruption.check()  # nothing is left of it


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_lost_signal_is_raised_again_at_the_next_step(capsys, number):
    reached = []

    def work():
        swallowed(number)
        reached.append("behind the callback")
        with Progress(9, "steps", quiet=True) as progress:
            progress.update(1)
        reached.append("too far")

    assert ended(capsys, work) == (128 + number, "interrupted\n")
    assert reached == ["behind the callback"]


def test_a_signal_lost_in_the_last_moment_is_told(capsys):
    assert ended(capsys, swallowed) == (130, "interrupted\n")


def test_an_error_that_a_signal_causes_is_the_signal(capsys):
    def work():
        try:
            send()
        except KeyboardInterrupt as error:
            raise ImportError("some library failed to import") from error

    assert ended(capsys, work) == (130, "interrupted\n")


def test_a_burst_of_signals_is_one_interruption(capsys):
    """The second one must not cut short what the first one set off."""
    done = []

    def work():
        try:
            send()
        finally:
            for _ in range(20):
                send()
            done.append("tidied up")

    assert ended(capsys, work) == (130, "interrupted\n")
    assert done == ["tidied up"]


def test_a_later_signal_ends_what_takes_too_long(capsys, monkeypatch):
    monkeypatch.setattr(interruption, "BURST_SECONDS", 0.0)

    def work():
        try:
            send()
        finally:
            send()
            raise AssertionError("went on")

    assert ended(capsys, work) == (130, "interrupted\n")


def test_a_command_may_say_how_to_go_on(capsys):
    def work():
        try:
            send()
        except KeyboardInterrupt as error:
            raise KeyboardInterrupt("--resume continues") from error

    assert ended(capsys, work) == (130, "interrupted; --resume continues\n")


def test_ignored_signals_stay_ignored(capsys):
    """As in a shell's background job."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        run_safely(click.command()(send), "toy", [])
    finally:
        signal.signal(signal.SIGINT, before)


# ------------------------------------------------------------------ the command itself


NETWORK = """
inputs: [{name: R, kind: noise, size: 60, noise: 0.5, steps: 50000000}]
populations: [{name: N, size: 60}]
projections: [{source: R, target: N, connection: all_to_all, weight: 1}]
"""


def start(folder, *options):
    (folder / "n.yaml").write_text(NETWORK)
    words = [sys.executable, "-m", "colanet", "run", "n.yaml", "--threads", "1", *options]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(words, cwd=folder, env=environment, stdout=-1, stderr=-1, text=True)


def wait_for(process, path):
    until = time.monotonic() + 600
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_resume_is_offered_only_when_there_is_a_checkpoint(number, tmp_path):
    out = tmp_path / "out"
    process = start(tmp_path, "--out", "out", "--checkpoint", "49999999", "--quiet")
    wait_for(process, out / ".colanet.lock")
    process.send_signal(number)
    assert (process.communicate(timeout=600)[1], process.returncode) == ("interrupted\n", 128 + number)
    assert os.listdir(out) == []

    process = start(tmp_path, "--out", "out", "--checkpoint", "1000", "--quiet")
    wait_for(process, out / "checkpoint.h5")
    for _ in range(5):
        process.send_signal(number)
    line = f"interrupted; --resume continues from {Path('out/checkpoint.h5')}\n"
    assert (process.communicate(timeout=600)[1], process.returncode) == (line, 128 + number)
    assert os.listdir(out) == ["checkpoint.h5"]


def test_two_runs_never_write_into_one_folder(tmp_path):
    first = start(tmp_path, "--out", "out", "--quiet")
    wait_for(first, tmp_path / "out" / ".colanet.lock")
    second = start(tmp_path, "--out", "out", "--quiet")
    assert second.communicate(timeout=600)[1] == "out: another run is writing here\n"
    assert second.returncode == 2
    first.kill()
    first.communicate()
    third = start(tmp_path, "--out", "out", "--stop-at", "100", "--quiet")
    assert third.wait(timeout=600) == 0
    third.communicate()
    assert os.listdir(tmp_path / "out") == ["results.h5"]
