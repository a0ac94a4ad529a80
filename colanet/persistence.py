"""Saved states, checkpoints and result files of a session."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from dataclasses import astuple
from typing import Any

import numba
import numpy as np
from pydantic import ValidationError

from colanet import __version__
from colanet.config.model import Network
from colanet.encoding import Presentation
from colanet.engine.base import Engine, State, Votes, check_state
from colanet.errors import CheckpointError, ColanetError
from colanet.migration import Migration, Move
from colanet.plan import Plan, build
from colanet.readout import decide
from colanet.storage import read_h5, write_h5
from colanet.tally import Recording, Result, Tally


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
    try:
        network = Network.model_validate_json(attributes["configuration"])
        sizes = {str(name): int(size) for name, size in json.loads(attributes["input_sizes"]).items()}
        plan = build(network, input_sizes=sizes, seed=int(attributes["seed"]))
        check_state(plan, arrays)
    except (ValidationError, ColanetError, ValueError, TypeError, AttributeError, LookupError) as error:
        reason = " ".join(str(error).split())
        raise CheckpointError(f"{path}: damaged, configuration and state do not agree ({reason})") from error
    return plan, arrays


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
    origin: int
    step: int

    def rest(self, steps: int) -> None:
        """Let the network run without input; see `Session.rest`."""
        raise NotImplementedError

    def labels(self) -> np.ndarray:
        """Class of every object; see `Session.labels`."""
        raise NotImplementedError

    def spikes(self, section: str, copy: int = 0) -> np.ndarray:
        """Recorded spikes; see `Session.spikes`."""
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
        """Hash of everything that must agree for a run to be continued."""
        p = self.presentation
        text = f"{self.network.model_dump_json()} {self.seed} {p.n_train} {p.n_test} {self.recording}"
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
        if "time" not in attributes:
            raise CheckpointError(f"{path}: damaged, it does not say its time")
        self._take(path, arrays, int(attributes["time"]))
        self.origin, self.step = int(attributes["time"]), 0
        period = self.presentation.period or 1
        self.rest(-self.origin % period)

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
        for key in self.tally.records:
            copy, name = key.split("/", 1)
            arrays[f"records/{key}"] = self.spikes(name, int(copy))
        attributes = {
            "kind": "checkpoint",
            "fingerprint": self.fingerprint(),
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
        if attributes.get("fingerprint") != self.fingerprint():
            raise CheckpointError(f"{path}: was written with another configuration, seed, data or recording")
        needed = {"tally/votes", "tally/spikes", "tally/demand"} | {f"records/{key}" for key in self.tally.records}
        if self.migration:
            needed.add("moves")
        lost = sorted((needed - arrays.keys()) | ({"origin", "step", "events", "seconds"} - attributes.keys()))
        if lost:
            raise CheckpointError(f"{path}: damaged, it lacks {lost[0]}")
        now = int(attributes["origin"]) + int(attributes["step"])
        self._take(path, {k[6:]: v for k, v in arrays.items() if k.startswith("state/")}, now)
        self.tally.votes, self.tally.spikes = arrays["tally/votes"], arrays["tally/spikes"]
        self.tally.demand = arrays["tally/demand"]
        self.tally.events, self.tally.seconds = int(attributes["events"]), float(attributes["seconds"])
        if self.migration:
            self.moves = [Move(*row) for row in arrays["moves"].tolist()]
        for key in self.tally.records:
            self.tally.records[key] = [arrays[f"records/{key}"]]
        self.origin, self.step = int(attributes["origin"]), int(attributes["step"])

    def write_results(self, path: str | os.PathLike, result: Result, extra: dict[str, Any] | None = None) -> None:
        """Write results, configuration, versions and seed to HDF5."""
        arrays: dict[str, Any] = {"votes": self.tally.votes, "labels": self.labels()}
        arrays["answers"] = decide(self.tally.votes) if self.votes else np.zeros(0, dtype=np.int64)
        arrays["spike_counts"] = self.tally.spikes
        if result.confusion is not None:
            arrays["confusion"] = result.confusion
        for name, names in self.presentation.node_labels.items():
            arrays[f"node_labels/{name}"] = np.array(names, dtype=object)
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
        }
        write_h5(path, arrays | (extra or {}), attributes)
