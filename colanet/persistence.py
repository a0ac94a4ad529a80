"""Saved states, checkpoints and result files of a session."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Sequence
from copy import copy
from dataclasses import astuple
from typing import Any

import numba
import numpy as np
from pydantic import ValidationError

from colanet import __version__, contents
from colanet.config.model import Network
from colanet.encoding import Presentation
from colanet.engine.base import Engine, State, Votes, check_state
from colanet.errors import CheckpointError, ColanetError
from colanet.migration import Migration, Move
from colanet.plan import Plan, build
from colanet.readout import decide
from colanet.storage import fixed_texts, read_h5, write_h5
from colanet.tally import Recording, Result, Tally
from colanet.units import STEP_LIMIT

LATEST = STEP_LIMIT - 1
"""No saved network has lived for more steps."""
LARGEST_INPUT = 1 << 31


def saved_state(path: str | os.PathLike) -> tuple[Plan, State]:
    """The network and the state that `Session.save` or `Session.checkpoint` wrote, without any data.

    Raises
    ------
    CheckpointError
        If the file is no such file, is damaged, or does not hold its configuration.
    """
    arrays, attributes = read_h5(path)
    kind = attributes.get("kind")
    if kind not in ("state", "checkpoint"):
        raise CheckpointError(f"{path}: expected a saved state or a checkpoint, found {kind or 'a stranger'}")
    lost = sorted({"configuration", "input_sizes", "seed"} - attributes.keys())
    if lost:
        raise CheckpointError(f"{path}: it lacks {lost[0]}; an older colanet wrote it: load it and save it anew")
    if kind == "checkpoint":
        arrays = {key[6:]: value for key, value in arrays.items() if key.startswith("state/")}
    configuration = contents.text(path, attributes, "configuration")
    seed = contents.integer(path, attributes, "seed")
    sizes = _input_sizes(path, attributes)
    try:
        network = Network.model_validate_json(configuration)
        plan = build(network, input_sizes=sizes, seed=seed)
        check_state(plan, arrays)
    except (ValidationError, ColanetError, ValueError, TypeError, AttributeError, LookupError) as error:
        reason = " ".join(str(error).split())
        raise CheckpointError(f"{path}: damaged, configuration and state do not agree ({reason})") from error
    return plan, arrays


def _input_sizes(path: str | os.PathLike, attributes: dict[str, Any]) -> dict[str, int]:
    """Nodes of every input of the network that was saved."""
    sizes = contents.mapping(path, attributes, "input_sizes")
    return {name: contents.integer(path, sizes, name, 1, LARGEST_INPUT) for name in sizes}


class Persistence:
    """The part of a session that writes files and takes them up again."""

    network: Network
    plan: Plan
    seed: int
    engine: Engine
    presentation: Presentation
    recording: Recording | None
    migration: Migration | None
    moves: list[Move]
    votes: Votes | None
    tally: Tally
    kept: dict[str, np.ndarray]
    terms: dict[str, Any]
    origin: int
    step: int

    def rest(self, steps: int) -> None:
        """Let the network run without input; see `Session.rest`."""
        raise NotImplementedError

    def labels(self) -> np.ndarray:
        """Class of every object; see `Session.labels`."""
        raise NotImplementedError

    def _origins(self) -> dict[str, Any]:
        """What a reader needs to know whose state a file holds; see `saved_state`."""
        sizes = {source.name: int(source.size) for source in self.presentation.sources}
        return {
            "configuration": self.network.model_dump_json(),
            "input_sizes": json.dumps(sizes),
            "seed": self.seed,
        }

    def fingerprint(self) -> str:
        """Hash of what must agree for a run to be continued, beside data and terms."""
        p, r = self.presentation, self.recording
        recorded = r and (r.sections, r.first, r.last)
        text = f"{self.network.model_dump_json()} {self.seed} {p.n_train} {p.n_test} {recorded}"
        if self.migration:
            text += f" {self.migration}"
        return hashlib.sha256(text.encode()).hexdigest()

    def save(self, path: str | os.PathLike) -> None:
        """Write the network's state, to be loaded by the same network with any data."""
        attributes = {"kind": "state", "time": self.origin + self.step}
        write_h5(path, self.engine.state(), attributes | self._origins())

    def load(self, path: str | os.PathLike) -> None:
        """Start the data from a saved state; time goes on, from the next beginning of an object.

        Raises
        ------
        CheckpointError
            If the file does not fit this network.
        """
        arrays, attributes = read_h5(path)
        if attributes.get("kind") != "state":
            raise CheckpointError(f"{path}: not a saved state but a {attributes.get('kind', 'stranger')}")
        time = contents.integer(path, attributes, "time", 0, LATEST)
        self._check_origins(path, attributes)
        self._take(path, arrays, time)
        self.origin, self.step = time, 0
        period = self.presentation.period or 1
        self.rest(-self.origin % period)

    def _check_origins(self, path: str | os.PathLike, attributes: dict[str, Any]) -> None:
        """Refuse a state whose synapses are others than those of this network."""
        for name, size in _input_sizes(path, attributes).items():
            here = dict(self.plan.inputs).get(name, size)
            if size != here:
                raise CheckpointError(f"{path}: was saved with {size} nodes of input {name}, here it has {here}")
        seed = contents.integer(path, attributes, "seed")
        drawn = [p for p in self.network.projections if p.is_random]
        if drawn and seed != self.seed:
            raise CheckpointError(
                f"{path}: was saved under seed {seed}, which its connections or delays are drawn from (projection "
                f"{drawn[0].source}->{drawn[0].target}); this run has seed {self.seed}"
            )

    def _take(self, path, state: State, step: int) -> None:
        try:
            check_state(self.plan, state, step)
            self.engine.load(state)
        except CheckpointError as error:
            raise CheckpointError(f"{path}: {error}") from error

    def checkpoint(self, path: str | os.PathLike) -> None:
        """Write everything needed to continue this very run."""
        write_h5(path, *self.snapshot())

    def snapshot(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Arrays and attributes of a checkpoint."""
        arrays: dict[str, Any] = {f"state/{key}": value for key, value in self.engine.state().items()}
        arrays |= {
            "tally/votes": self.tally.votes,
            "tally/spikes": self.tally.spikes,
            "tally/demand": self.tally.demand,
        }
        if self.migration:
            arrays["moves"] = np.array([astuple(move) for move in self.moves], dtype=np.int64).reshape(-1, 3)
        recorded, place = self.tally.records.snapshot()
        arrays |= recorded | {f"kept/{name}": array for name, array in self.kept.items()}
        attributes = place | {
            "kind": "checkpoint",
            "fingerprint": self.fingerprint(),
            "data": json.dumps({used.name: used.sha256 for used in self.presentation.data}),
            "terms": json.dumps(self.terms),
            "origin": self.origin,
            "step": self.step,
            "events": self.tally.events,
            "seconds": self.tally.seconds,
        }
        return arrays, attributes | self._origins()

    def resume(self, path: str | os.PathLike) -> None:
        """Continue the run that wrote a checkpoint.

        Raises
        ------
        CheckpointError
            If the file is damaged or belongs to another configuration, seed or selection of data.
        """
        arrays, attributes = read_h5(path)
        if attributes.get("kind") != "checkpoint":
            raise CheckpointError(f"{path}: not a checkpoint but a {attributes.get('kind', 'stranger')}")
        self.restore(path, arrays, attributes)

    def restore(self, path: str | os.PathLike, arrays: dict[str, Any], attributes: dict[str, Any]) -> None:
        """Take over what `snapshot` gave; `path` is for messages. CheckpointError as for `resume`."""
        self._check_same_run(path, attributes)
        origin = contents.integer(path, attributes, "origin", 0, LATEST)
        step = contents.integer(path, attributes, "step", 0, LATEST - origin)
        events = contents.integer(path, attributes, "events")
        seconds = contents.number(path, attributes, "seconds")
        tally = [
            contents.array(path, arrays, f"tally/{name}", getattr(self.tally, name), low=0)
            for name in ("votes", "spikes", "demand")
        ]
        moves = self._checked_moves(path, arrays)
        self._check_records(path, arrays, step)
        records = copy(self.tally.records)
        records.restore(path, arrays, attributes, self.recording.window(0, step) if self.recording else (0, 0))
        self._take(path, {k[6:]: v for k, v in arrays.items() if k.startswith("state/")}, origin + step)
        self.tally.votes, self.tally.spikes, self.tally.demand = tally
        self.tally.events, self.tally.seconds, self.tally.records = events, seconds, records
        self.moves = moves
        self.kept = {key[5:]: value for key, value in arrays.items() if key.startswith("kept/")}
        self.origin, self.step = origin, step

    def _check_same_run(self, path: str | os.PathLike, attributes: dict[str, Any]) -> None:
        """CheckpointError if the checkpoint belongs to another run."""
        if {"data", "terms"} - attributes.keys():
            raise CheckpointError(f"{path}: an older colanet wrote it, without the data's digests; begin anew")
        if attributes.get("fingerprint") != self.fingerprint():
            raise CheckpointError(f"{path}: was written with another configuration, seed, data or recording")
        then = contents.mapping(path, attributes, "data")
        for used in self.presentation.data:
            if then.get(used.name) != used.sha256:
                raise CheckpointError(f"{path}: was written with other data than {used.source} ({used.name})")
        terms = contents.mapping(path, attributes, "terms")
        for name in sorted(terms.keys() & self.terms.keys()):
            if terms[name] != self.terms[name]:
                raise CheckpointError(f"{path}: was written with {name} {terms[name]}, expected {self.terms[name]}")

    def _checked_moves(self, path: str | os.PathLike, arrays: dict[str, Any]) -> list[Move]:
        """Neurons that had moved; none without migration."""
        if not self.migration:
            return []
        rows = contents.array(path, arrays, "moves", dtype=np.int64, shape=(None, 3), low=0)
        population = self.plan.population(self.migration.population)
        if (rows >= [self.plan.copies, population.size, population.size]).any():
            raise CheckpointError(f"{path}: damaged, moves names a copy or a neuron that is not there")
        return [Move(*row) for row in rows.tolist()]

    def _check_records(self, path: str | os.PathLike, arrays: dict[str, Any], step: int) -> None:
        """CheckpointError if recorded spikes that the checkpoint holds itself are of steps or neurons not there."""
        sizes = dict(self.plan.inputs) | {p.name: p.size for p in self.plan.populations}
        for key in self.tally.records:
            name = f"records/{key}"
            if name not in arrays:
                continue
            rows = contents.array(path, arrays, name, dtype=np.int64, shape=(None, 2), low=0)
            if (rows >= [step, sizes[key.split("/", 1)[1]]]).any():
                raise CheckpointError(f"{path}: damaged, {name} has spikes of steps or neurons not there")

    def write_results(
        self,
        path: str | os.PathLike,
        result: Result,
        extra: dict[str, Any] | None = None,
        files: Sequence[str] = (),
    ) -> None:
        """Write results, configuration, versions and seed to HDF5.

        Parameters
        ----------
        path : path
        result : Result
        extra : dict of str to ndarray or Blocks
            More arrays.
        files : sequence of str
            Names of the files that the run has written beside it.
        """
        arrays: dict[str, Any] = {"votes": self.tally.votes, "labels": self.labels()}
        arrays["answers"] = decide(self.tally.votes) if self.votes else np.zeros(0, dtype=np.int64)
        arrays["spike_counts"] = self.tally.spikes
        if result.confusion is not None:
            arrays["confusion"] = result.confusion
        for name, names in self.presentation.node_labels.items():
            arrays[f"node_labels/{name}"] = fixed_texts(names)
        versions = {
            "colanet": __version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "numba": numba.__version__,
        }
        attributes = {
            "kind": "results",
            "result": json.dumps(result.as_dict()),
            "configuration": self.network.model_dump_json(),
            "versions": json.dumps(versions),
            "seed": self.seed,
            "files": json.dumps(list(files)),
        }
        write_h5(path, arrays | (extra or {}), attributes)
