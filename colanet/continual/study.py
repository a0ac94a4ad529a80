"""Runs an experiment file: all its variants with all their seeds, resumable, from the file to the tables.

Everything is refused before anything runs. A call that is interrupted, killed or runs out of disk is continued by
the same call with `StudyOptions.resume`, and ends with the same bits.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from colanet.continual.experiment import load_experiment
from colanet.continual.onlooker import Onlooker
from colanet.continual.results import Repeats, write_tables
from colanet.continual.running import Progress, Runs, Say
from colanet.continual.variants import (
    StudyOptions,
    adjusted,
    check_folder,
    checkpoint_of,
    files_of,
    prepare,
    selected,
)
from colanet.locks import hold_folder

__all__ = ["StudyOptions", "command_of", "run_study"]


def run_study(
    experiment: str | os.PathLike[str],
    options: StudyOptions | None = None,
    *,
    say: Say | None = None,
    progress: Progress | None = None,
    onlooker: Onlooker | None = None,
) -> list[Repeats]:
    """Run an experiment file and write its results and tables.

    Parameters
    ----------
    experiment : path
        YAML file.
    options : StudyOptions or None
    say, progress : callable or None
    onlooker : Onlooker or None
        Of runs one after another it looks on at each, of runs side by side at the first, of runs elsewhere at none.

    Returns
    -------
    list of Repeats
        One a variant, in the order of the file.

    Raises
    ------
    ConfigError, DataError, CheckpointError, OutputError, BackendUnavailable, WorkerDied
    KeyboardInterrupt
        With a text that says how to go on, if there is anything to go on with.
    """
    options, say = options or StudyOptions(), say or (lambda text: None)
    described = adjusted(load_experiment(experiment, lenient=options.lenient), options)
    folder = Path("results") / described.name if options.out is None else Path(options.out)
    variants = prepare(selected(described, options.variants), options)
    paths = files_of(folder, [variant.described for variant in variants])
    with hold_folder(folder, "run"):
        check_folder(folder, variants, resume=options.resume)
        try:
            parts = Runs(folder, options, say, progress, onlooker).made(variants)
            written = write_tables(folder, described, parts, command_of(experiment, options))
        except KeyboardInterrupt as error:
            there = any(p.exists() for path in paths for p in (path, checkpoint_of(path)))
            raise KeyboardInterrupt(f"--resume goes on in {folder}" if there else "") from error
    say(f"written: {', '.join(map(str, written))}")
    return parts


def command_of(experiment: str | os.PathLike[str], options: StudyOptions) -> str:
    """The command that gives the same results, without what does not decide about them."""
    path = os.path.relpath(experiment)
    words = ["colanet", "continual", Path(experiment).name if path.startswith(os.pardir) else path]
    if options.seeds is not None:
        words += ["--seeds", ",".join(map(str, options.seeds))]
    for name in options.variants:
        words += ["--variant", name]
    for name in ("copies", "train", "test", "tasks"):
        if getattr(options, name) is not None:
            words += [f"--{name}", str(getattr(options, name))]
    for setting in options.settings:
        words += ["--set", setting]
    if options.lenient:
        words.append("--lenient")
    return shlex.join(words)
