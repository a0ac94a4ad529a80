"""From files of results to a page."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from colanet.errors import ConfigError
from colanet.report import about_run
from colanet.report.fields import Neurons
from colanet.report.page import render
from colanet.report.parts import Decision, Part
from colanet.report.read import Run, Source, read
from colanet.report.replay import Shown, state_of


@dataclass(frozen=True)
class Wishes:
    """What a page is to show beside the results.

    Attributes
    ----------
    states : sequence of path
        The states that the runs ended with, in their order; empty: none.
    copy : int
        Network copy whose neurons are shown.
    images : int
        Test images that the saved network is shown again; 0: none.
    chosen : sequence of int
        Images whose decisions are explained in any case.
    decisions : int
        Right, wrong and unanswered ones to explain, so many of each.
    engine, base_dir, data_dir
        As for `colanet.Session`.
    title : str or None
    """

    states: Sequence[str | os.PathLike[str]] = ()
    copy: int = 0
    images: int = 500
    chosen: Sequence[int] = ()
    decisions: int = 3
    engine: str = "auto"
    base_dir: str | os.PathLike[str] = "."
    data_dir: str | os.PathLike[str] | None = None
    title: str | None = None


def page_of(
    files: Sequence[str | os.PathLike[str]], wishes: Wishes, watch: Callable[[int], None] | None = None
) -> str:
    """The HTML of a page about results.

    Parameters
    ----------
    files : sequence of path
        Of `colanet run --out` or of `colanet continual`.
    wishes : Wishes
    watch : callable or None
        Called with the number of images shown again so far.

    Raises
    ------
    ConfigError, CheckpointError, DataError, BackendUnavailable
    """
    sources = [read(file) for file in files]
    runs = [source for source in sources if isinstance(source, Run)]
    if wishes.states and len(wishes.states) != len(runs):
        raise ConfigError(f"--load: {len(wishes.states)} states, expected one for each of {len(runs)} results of runs")
    states = dict(zip(map(id, runs), wishes.states, strict=False))
    parts, done = [], 0
    for source in sources:
        state = states.get(id(source))
        before = done
        parts.append(_part(source, state, wishes, watch and (lambda n, before=before: watch(before + n))))
        done += wishes.images if state is not None else 0
    title = wishes.title or "Report: " + ", ".join(str(Path(file)) for file in files)
    return render(title, parts)


def _part(
    source: Source, state: str | os.PathLike[str] | None, wishes: Wishes, watch: Callable[[int], None] | None
) -> Part:
    if not isinstance(source, Run):
        raise NotImplementedError
    if state is None:
        return about_run.part_of(source, None, ())
    plan, values = state_of(source, state)
    shown = None
    if wishes.images and source.n_test:
        shown = Shown(source, state, wishes.images, base_dir=wishes.base_dir, data_dir=wishes.data_dir,
                      engine=wishes.engine, watch=watch)  # fmt: skip
    neurons = Neurons(plan, values, wishes.copy, shown)
    decisions: list[Decision] = []
    return about_run.part_of(source, neurons, decisions)
