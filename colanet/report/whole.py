"""From files of results to a page."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from colanet.errors import ConfigError
from colanet.report import about_course, about_run
from colanet.report.compare import compared, names_of
from colanet.report.decision import KINDS, chosen, explained
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

    @property
    def work(self) -> int:
        """Images to show for one state, at most."""
        return self.images + len(KINDS) * self.decisions + len(self.chosen) if self.images else 0


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
        there = f"{len(wishes.states)} for {len(runs)} results of colanet run"
        raise ConfigError(f"--load: {there}, expected a state for each of them or none")
    if wishes.chosen and not (wishes.states and wishes.images):
        raise ConfigError("--image: expected a saved state, by --load, and images to show to it")
    states = dict(zip(map(id, runs), wishes.states, strict=False))
    parts, done = [], 0
    for source in sources:
        state = states.get(id(source))
        parts.append(_part(source, state, wishes, watch and _from(watch, done)))
        if state is not None:
            done += wishes.work
            if watch:
                watch(done)
    names = names_of(sources)
    if len(parts) > 1:
        parts = [replace(part, name=name) for part, name in zip(parts, names, strict=True)]
    title = wishes.title or f"colanet: {', '.join(names)}"
    return render(title, parts, compared(sources) if len(sources) > 1 else None)


def _from(watch: Callable[[int], None], done: int) -> Callable[[int], None]:
    return lambda images: watch(done + images)


def _part(
    source: Source, state: str | os.PathLike[str] | None, wishes: Wishes, watch: Callable[[int], None] | None
) -> Part:
    if not isinstance(source, Run):
        return about_course.part_of(source)
    if state is None:
        return about_run.part_of(source, None, ())
    found = state_of(source, state)
    shown = None
    if wishes.images and source.n_test:
        shown = Shown(source, state, found, wishes.images, base_dir=wishes.base_dir, data_dir=wishes.data_dir,
                      engine=wishes.engine, watch=watch)  # fmt: skip
    neurons = Neurons(found.plan, found.state, wishes.copy, shown)
    decisions: list[Decision] = []
    if shown is not None:
        images = chosen(shown, wishes.decisions, wishes.chosen)
        n = shown.n
        decisions = explained(shown, images, wishes.copy, watch and (lambda done: watch(n + done)))
    return about_run.part_of(source, neurons, decisions)
