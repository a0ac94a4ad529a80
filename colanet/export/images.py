"""Test images shown to a saved network, for formats that say how well what they wrote agrees with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from colanet.atomic import atomic_path
from colanet.config.model import TargetInput
from colanet.encoding import Presentation, build_sources
from colanet.engine import make_engine
from colanet.engine.base import Votes, rest
from colanet.errors import ConfigError
from colanet.export.inference import Inference
from colanet.plan import Plan
from colanet.plan.variables import State

STRETCH = 250
"""Images an engine call."""


@dataclass(frozen=True, eq=False)
class Shown:
    """Input spikes of images, and what the network answered.

    Attributes
    ----------
    spikes : ndarray of bool, shape (images, steps, input nodes)
    labels : ndarray of int64, shape (images,)
        -1: no class.
    votes : ndarray of int64, shape (images, classes)
        Spikes of the population of the readout, in one copy, summed over each image.
    classes, size : int
        Classes, and neurons of the population that answers in the format.
    """

    spikes: np.ndarray
    labels: np.ndarray
    votes: np.ndarray
    classes: int
    size: int

    def exported_votes(self, counts: np.ndarray) -> np.ndarray:
        """Spikes of neurons, shape (images, size), as votes for classes, shape (images, classes)."""
        classes = np.arange(self.size) * self.classes // self.size
        return np.stack([counts[:, classes == c].sum(axis=1) for c in range(self.classes)], axis=1)

    def judged(self, counts: np.ndarray) -> dict[str, Any]:
        """Accuracy of both, share of equal answers, images without an answer."""
        own, others = answers(self.votes), answers(self.exported_votes(counts))
        return {
            "images": len(self.labels),
            "steps": self.spikes.shape[1],
            "accuracy_of_colanet": float((own == self.labels).mean()),
            "accuracy_of_this_file": float((others == self.labels).mean()),
            "equal_answers": float((own == others).mean()),
            "no_answer_of_colanet": int((own < 0).sum()),
            "no_answer_of_this_file": int((others < 0).sum()),
        }

    def write(self, path: Path, counts: np.ndarray) -> Path:
        """Archive of all this (images.npz)."""
        exported = self.exported_votes(counts)
        with atomic_path(path) as temporary, open(temporary, "wb") as file:
            np.savez_compressed(
                file, spikes=self.spikes, labels=self.labels, votes=self.votes, answers=answers(self.votes),
                exported_votes=exported, exported_answers=answers(exported),
            )  # fmt: skip
        return path


def answers(votes: np.ndarray) -> np.ndarray:
    """The class with most votes, of several the lowest; -1 without votes.

    Parameters
    ----------
    votes : ndarray of int, shape (images, classes)
    """
    answer: np.ndarray = np.where(votes.any(axis=1), votes.argmax(axis=1), -1)
    return answer


def show(plan: Plan, state: State, network: Inference, copy: int, images: int, step: int) -> Shown:
    """Show test images to the whole network, without learning, from the next beginning of an object on.

    Parameters
    ----------
    plan, state : Plan, State
    network : Inference
        What the format keeps.
    copy : int
    images : int
        The first so many test images of the configuration's data; all, if there are fewer.
    step : int
        The step that comes next in the state.

    Raises
    ------
    ConfigError
        If the network has no labels, or its data no test images.
    DataError
        If the data are not there.
    """
    described = plan.description
    target = next((i for i in described.inputs if isinstance(i, TargetInput)), None)
    if images < 0:
        raise ConfigError(f"option images: expected 0 or more, not {images}")
    if target is None:
        raise ConfigError("option images: the network has no labels (no input of kind object_target)")
    presentation = build_sources(described.inputs, seed=plan.seed, n_train=0, n_test=images)
    if not presentation.n_test or presentation.labels is None:
        raise ConfigError("option images: the data of the configuration have no test images")
    answering = network.layers[network.output].population
    deciding = plan.population(described.readout.population) if described.readout else answering
    votes = Votes(deciding.index, target.size, target.period)
    return Shown(
        _input(presentation, network, target.period),
        presentation.labels.astype(np.int64),
        _votes(plan, state, presentation, votes, step)[copy].astype(np.int64),
        target.size,
        answering.size,
    )


def _input(presentation: Presentation, network: Inference, period: int) -> np.ndarray:
    """Spikes of all data inputs side by side, bool of shape (images, period, nodes)."""
    steps = presentation.n_test * period
    spikes = np.zeros((steps, network.input_size), dtype=bool)
    first = 0
    for _, number, size in network.inputs:
        ptr, index = presentation.sources[number].spikes(0, steps)
        spikes[np.repeat(np.arange(steps), np.diff(ptr)), first + index] = True
        first += size
    return spikes.reshape(presentation.n_test, period, network.input_size)


def _votes(plan: Plan, state: State, presentation: Presentation, votes: Votes, step: int) -> np.ndarray:
    """Votes of every copy, int32 of shape (copies, images, classes)."""
    engine = make_engine("auto", plan, 1)
    engine.load(state)
    origin = step + -step % votes.period
    rest(engine, step, origin)
    stop, stretch, parts = presentation.n_test * votes.period, STRETCH * votes.period, []
    for start in range(0, stop, stretch):
        last = min(start + stretch, stop)
        inputs = engine.encode(presentation.sources, origin, start, last)
        parts.append(engine.run(inputs, origin + start, origin + last, freeze=0, votes=votes).votes)
    return np.concatenate(parts, axis=1)
