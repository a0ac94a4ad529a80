"""`colanet search`: find parameters of an experiment, repeatably."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from colanet import config
from colanet.atomic import final_place, write_text
from colanet.commands.options import lenient
from colanet.commands.progress import Progress
from colanet.config.overrides import override_all
from colanet.errors import ConfigError

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

    from colanet.search.loop import Search
    from colanet.search.study import Study
    from colanet.search.subject import Subject


@click.command()
@click.argument("study_file", metavar="STUDY.yaml", type=click.Path(path_type=Path))
@click.option("--workers", type=click.IntRange(1, 4096), default=1, show_default=True,
              help="Processes that evaluate trials side by side, one core each.")  # fmt: skip
@click.option("--dask", metavar="ADDRESS", help="Evaluate on a Dask cluster, for example tcp://host:8786.")
@click.option("--resume", is_flag=True, help="Continue the search in --out; finished trials are kept.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder.  [default: runs/NAME]")
@click.option("--generations", type=click.IntRange(1), metavar="N", help="Instead of the study's.")
@click.option("--data", type=click.Path(path_type=Path), help="Where to look for data sets first.")
@click.option("--best", type=click.Path(path_type=Path), metavar="FILE.yaml",
              help="Write the network with the best parameters put in.")  # fmt: skip
@click.option("--quiet", is_flag=True, help="Print nothing but the result.")
@lenient
def search(study_file: Path, best: Path | None, **options: Any) -> None:
    """Search the parameters of an experiment as STUDY.yaml says.

    The result does not depend on the number of workers, nor on interruptions.
    """
    from colanet.search import report
    from colanet.search.study import load_study
    from colanet.search.subject import make_subject

    if options["dask"] and options["workers"] > 1:
        raise ConfigError("--workers and --dask: give one of them")
    _check_best(best)
    study = load_study(study_file)
    subject, study = make_subject(study, study_file, options["data"], lenient=options["lenient"])
    out = options["out"] or Path("runs") / study.name
    if not options["quiet"]:
        _announce(study, out, options)
    trials = _run(study, subject, out, options)
    files = report.write(out, study, subject.network, trials, _command(study_file, options))
    if best is not None:
        files.append(_write_best(best, subject, trials, study))
    click.echo(_summary(study, trials, files))


def _announce(study: Study, out: Path, options: dict[str, Any]) -> None:
    """One line about what is going to run, one if the first trial takes longer than the others."""
    from colanet.compiled import is_compiled

    generations = options["generations"] or study.generations
    where = options["dask"] or f"{options['workers']} worker" + "s" * (options["workers"] > 1)
    click.echo(
        f"{study.name}: {generations} generations of {study.generation} trials, {len(study.seeds)} runs each, "
        f"{study.sampler.kind} sampler, {where}, journal in {out.as_posix()}",
        err=True,
    )
    if not is_compiled():
        click.echo("compiling kernels, once on this machine (about half a minute) ...", err=True)


def _check_best(path: Path | None) -> None:
    """Better now than after a night of trials."""
    if path is None:
        return
    if path.suffix.lower() not in (".yaml", ".yml", ".nnc", ".xml"):
        raise ConfigError(f"--best {path}: a configuration ends in .yaml, .yml, .nnc or .xml")
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise ConfigError(f"--best {path}: {path.parent} is no folder that can be written to")
    final_place(path)


def _run(study: Study, subject: Subject, out: Path, options: dict[str, Any]) -> list[FrozenTrial]:
    """The search with its progress."""
    from colanet.search.journal import open_journal
    from colanet.search.launch import open_launcher
    from colanet.search.loop import Search
    from colanet.search.loop import best as best_of
    from colanet.search.subject import evaluate, identity

    generations = options["generations"] or study.generations
    alone = options["workers"] == 1 and not options["dask"]
    with (
        open_journal(out, study.name, identity(study, subject), resume=options["resume"]) as journal,
        open_launcher(evaluate, workers=options["workers"], dask=options["dask"]) as launch,
        Progress(generations * study.generation, "trials", options["quiet"]) as progress,
    ):

        def watch(search: Search) -> None:
            trials = search.journal.trials()
            top = best_of(trials)
            done = sum(trial.state.is_finished() for trial in trials)
            progress.update(done, f"best {top.value:.5f} (trial {top.number})" if top else "")

        search = Search(study, subject.network, subject, journal, launch, threads=None if alone else 1, watch=watch)
        try:
            return search.run(generations)
        except KeyboardInterrupt as error:
            told = f"--resume --out {out} continues, finished trials are kept" if journal.trials() else ""
            raise KeyboardInterrupt(told) from error


def _command(study_file: Path, options: dict[str, Any]) -> str:
    """The command that gives the same trials again."""
    words = ["colanet", "search", study_file.as_posix()]
    if options["generations"]:
        words += ["--generations", str(options["generations"])]
    return shlex.join(words)


def _write_best(path: Path, subject: Subject, trials: list[FrozenTrial], study: Study) -> Path:
    """The network of the experiment with the best parameters, and a comment that says where it comes from."""
    from colanet.search.loop import best as best_of
    from colanet.search.loop import outcome

    top = best_of(trials)
    assert top is not None
    config.save(override_all(subject.network, outcome(top)["settings"]), path)
    if path.suffix.lower() in (".yaml", ".yml"):
        which = f"trial {top.number} of {len(trials)}: {study.goal()} = {top.value:.5f}"
        note = f"# From the parameter search {study.name}, {which}.\n"
        write_text(path, note + path.read_text(encoding="utf-8"))
    return path


def _summary(study: Study, trials: list[FrozenTrial], files: list[Path]) -> str:
    from colanet.search.loop import best as best_of
    from colanet.search.loop import outcome

    top = best_of(trials)
    assert top is not None
    failed = sum(trial.value is None for trial in trials)
    lines = [f"{len(trials)} trials, {failed} failed; best: trial {top.number}, objective {top.value:.6f}"]
    lines += [f"  {name} = {text}" for name, text in outcome(top)["settings"].items()]
    return "\n".join([*lines, "wrote " + ", ".join(path.as_posix() for path in files)])
