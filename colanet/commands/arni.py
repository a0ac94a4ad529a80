"""`ArNIGPU` and `ArNICPU`: the letters of the closed simulator, for scripts that call it by name.

The letters are put into the words of `colanet run`, whose functions do the work; only the files differ in name.
"""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from colanet.atomic import final_place
from colanet.commands.monitor import Monitor
from colanet.commands.recordings import PROTOCOLS, write_recordings
from colanet.commands.run import describe, drive, last_step, make_session, report, write_answers
from colanet.commands.run import run as run_command
from colanet.commands.run_options import RunOptions
from colanet.errors import ColanetError, ConfigError, DataWarning, OutputError
from colanet.locks import hold_folder
from colanet.programs import run_safely
from colanet.session import Result, Session
from colanet.spool import FILE, Spool
from colanet.units import FOREVER
from colanet.version import __version__

MONITOR_STEPS = 10_000
"""Steps between two rows of the monitoring without -F."""
FAILED = -1
"""Termination code in the log of a run that failed."""
USAGE = (
    "DIR -e<id> [-f<step>] [-T<step>] [-R<seed>] [-P(b|t|l)[<from-to>]] [-r] [-F<period>] [-v0|1] "
    "[--stand-in=NAME=noise]"
)
_WORDS = {"f": "--freeze-at", "T": "--stop-at", "R": "--seed"}
_LEAST = {"f": 0, "T": 1, "R": 0, "F": 1}
_FORMS = {"b": "binary", "t": "text", "l": "list"}
_PROTOCOL = re.compile(r"([btl])(?:([0-9]+)-([0-9]+))?\Z")
_WITH_VALUE = "eFfPRTv"
_STAND_IN = "--stand-in="
"""The one word of `colanet run` that the letters cannot say: noise in the place of a plug-in."""


def gpu(arguments: list[str] | None = None) -> None:
    """Entry point of `ArNIGPU`."""
    run_safely(arni_gpu, "ArNIGPU", arguments)


def cpu(arguments: list[str] | None = None) -> None:
    """Entry point of `ArNICPU`."""
    run_safely(arni_cpu, "ArNICPU", arguments)


_AS_THEY_ARE = {"ignore_unknown_options": True, "allow_interspersed_args": False}


@click.command(name="ArNIGPU", context_settings=_AS_THEY_ARE, add_help_option=False)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def arni_gpu(words: tuple[str, ...]) -> None:
    """Run DIR/<id>.nnc on the fastest engine there is."""
    _command("ArNIGPU", words, "auto")


@click.command(name="ArNICPU", context_settings=_AS_THEY_ARE, add_help_option=False)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def arni_cpu(words: tuple[str, ...]) -> None:
    """Run DIR/<id>.nnc on the processor."""
    _command("ArNICPU", words, "numba")


def _command(program: str, words: tuple[str, ...], engine: str) -> None:
    if {"-h", "--help"} & set(words):
        click.echo(f"{program} {USAGE}\nRuns DIR/<id>.nnc as colanet run does; see docs/arni.md.")
        return
    stand_ins = [word.removeprefix(_STAND_IN) for word in words if word.startswith(_STAND_IN)]
    folder, letters = parse([word for word in words if not word.startswith(_STAND_IN)])
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder")
    name = letters["e"]
    # Experiments of other names may run in the same folder at the same time.
    only = hold_folder(folder, f"{program} -e{name}", f".{name}.colanet.lock")
    with only, Log(folder / f"General{name}.log") as log:
        log.say(f"colanet {__version__}: {program} {' '.join(words)}")
        try:
            result = _run(folder, letters, engine, log, stand_ins)
        except ColanetError as error:
            log.say(f"{error}\nTermination code {FAILED}")
            raise
        # Half a unit goes up, in whatever way the language rounds.
        code = int(10_000 * (result.accuracy or 0.0) + 0.5)
        log.say(f"{report(result)}\nFinished normally\nTermination code {code}")
    click.echo(f"Termination code {code}")


def parse(words: Sequence[str]) -> tuple[Path, dict[str, str]]:
    """Folder, and value by letter; a value may stand behind its letter or be the next word.

    Raises
    ------
    ConfigError
        If a letter is unknown, given twice, or its value is not what it takes.
    """
    letters: dict[str, str] = {}
    folders = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not re.match(r"-.", word):
            folders.append(word)
            continue
        letter, value = word[1], word[2:]
        if letter not in _WITH_VALUE + "r":
            known = " ".join(f"-{name}" for name in _WITH_VALUE + "r")
            raise ConfigError(f"{word}: unknown letter -{letter}; known: {known}")
        if letter in letters:
            raise ConfigError(f"{word}: -{letter} is given twice")
        if letter in _WITH_VALUE and not value and rest and not rest[0].startswith("-"):
            value = rest.pop(0)
        letters[letter] = _checked(letter, value)
    if len(folders) != 1 or "e" not in letters:
        raise ConfigError(f"expected one folder and -e<id>: {USAGE}")
    if "r" in letters and "P" not in letters:
        raise ConfigError("-r: the spikes of the inputs need -P with a form, b, t or l")
    return Path(folders[0]), letters


def _checked(letter: str, value: str) -> str:
    if letter == "r" and value:
        raise ConfigError(f"-r{value}: -r takes no value")
    if letter == "e" and (not value or re.search(r"[/\\\0]", value)):
        raise ConfigError(f"-e{value}: expected an experiment, the name of a .nnc file without its ending")
    if letter == "v" and value not in ("0", "1"):
        raise ConfigError(f"-v{value}: expected 0 or 1")
    if letter in _LEAST and not (
        value.isascii() and value.isdigit() and _LEAST[letter] <= int(value[:20]) < FOREVER
    ):
        raise ConfigError(f"-{letter}{value}: expected a whole number, {_LEAST[letter]} to {FOREVER - 1}")
    if letter == "P":
        found = _PROTOCOL.match(value)
        if not found or (found[2] and int(found[2]) >= int(found[3])):
            raise ConfigError(f"-P{value}: expected b, t or l, and perhaps a range of steps FROM-TO with FROM < TO")
    return value


def options_of(path: Path, letters: dict[str, str], engine: str) -> RunOptions:
    """The options of `colanet run` that the letters stand for."""
    words = ["--engine", engine]
    for letter, word in _WORDS.items():
        words += [word, letters[letter]] if letter in letters else []
    if letters.get("v", "1" if "F" in letters else "0") == "1":
        words += ["--monitor", letters.get("F", str(MONITOR_STEPS))]
    if "P" in letters:
        found = _PROTOCOL.match(letters["P"])
        assert found
        words += ["--protocol", _FORMS[found[1]]]
        words += ["--record-steps", f"{found[2]}:{found[3]}"] if found[2] else []
        # Apart from the spools of other experiments in the folder; empty and gone when the run is over.
        words += ["--out", str(path.parent / f".spikes.{path.stem}")]
    words += ["--protocol-inputs"] if "r" in letters else []
    if not sys.stderr.isatty():
        words.append("--quiet")
    return RunOptions(**run_command.make_context("ArNIGPU", [*words, "--", str(path)]).params)


def _run(folder: Path, letters: dict[str, str], engine: str, log: Log, stand_ins: Sequence[str] = ()) -> Result:
    path = folder / f"{letters['e']}.nnc"
    options = replace(options_of(path, letters, engine), stand_ins=tuple(stand_ins))
    monitor = Monitor(options.monitor, log.say) if options.monitor else None
    session = make_session(options, monitor)
    stop = last_step(session, options.stop_at, log.say, option="-T")
    clear(session, folder, path.stem)
    if session.recording and session.recording.first >= stop:
        said = f"-P{letters['P']}: the run ends at step {stop}, nothing is recorded"
        warnings.warn(said, DataWarning, stacklevel=2)
    log.say(f"{path}: {describe(session, options.engine)}")
    try:
        result = drive(session, stop, options)
        write_recordings(session, options, folder, path.stem)
        write_answers(session, folder)
    finally:
        records = session.recorder.records
        if isinstance(records, Spool):
            records.remove()
            with suppress(OSError):
                records.path.parent.rmdir()
    if monitor:
        monitor.write(folder / f"monitoring.{path.stem}.csv")
    return result


def clear(session: Session, folder: Path, name: str) -> None:
    """Remove what an earlier run of the experiment left, killed or not, unless the network reads it."""
    read = {os.path.realpath(used.source) for used in session.presentation.data}
    written = [f"{kind}.{name}.{ending}" for kind in ("spikes", "receptor_spikes") for ending in PROTOCOLS.values()]
    spool = f".spikes.{name}/{FILE}"
    for path in (folder / file for file in (*written, f"monitoring.{name}.csv", spool)):
        if os.path.realpath(path) not in read:
            with suppress(OSError):
                path.unlink()
    with suppress(OSError):
        (folder / spool).parent.rmdir()


class Log:
    """The file `General<id>.log`, begun anew; warnings go into it too.

    Raises
    ------
    OutputError
        If it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.caught = warnings.catch_warnings()

    def __enter__(self) -> Log:
        final_place(self.path)
        self._write("w", "")
        self.caught.__enter__()
        shown = warnings.showwarning

        def show(message: Warning | str, *rest: Any, **more: Any) -> None:
            self.say(f"warning: {message}")
            shown(message, *rest, **more)

        warnings.showwarning = show
        return self

    def __exit__(self, *_: object) -> None:
        self.caught.__exit__(None, None, None)

    def say(self, text: str) -> None:
        """Add a line."""
        self._write("a", text + "\n")

    def _write(self, mode: str, text: str) -> None:
        try:
            with open(self.path, mode, encoding="utf-8", newline="\n") as file:
                file.write(text)
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written: {error.strerror or error}") from error
