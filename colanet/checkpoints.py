"""Saved states, checkpoints and bookmarks of a session: made, and taken up again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from pydantic import ValidationError

from colanet import contents
from colanet.config.model import ImageInput, Network
from colanet.encoding import Presentation
from colanet.encoding.features import learnt_of, show_by, with_learnt
from colanet.engine.base import check_state
from colanet.errors import CheckpointError, ColanetError, ConfigError, Problem
from colanet.observers import Observer
from colanet.plan import Plan, build
from colanet.plan.variables import State
from colanet.storage import read_h5, write_h5
from colanet.units import STEP_LIMIT
from colanet.version import __version__

if TYPE_CHECKING:
    from colanet.session import Session

StrPath = str | os.PathLike[str]

LATEST = STEP_LIMIT - 1
"""No saved network has lived for more steps."""
LARGEST_INPUT = 1 << 31
STATE, KEPT = "state/", "kept/"
OWN_PLACES = (STATE, KEPT)
"""Beginnings of the names of arrays in a file: those of the state in a checkpoint, and those of `Session.kept`."""
OWN_ATTRIBUTES = {
    "kind", "fingerprint", "data", "terms", "origin", "step", "time", "configuration", "input_sizes", "seed",
}  # fmt: skip
"""What the session itself puts into a file; no observer may."""


# ---------------------------------------------------------------- saved states


class Saved(NamedTuple):
    """What a file holds of a network.

    Attributes
    ----------
    plan : Plan
    state : State
    step : int
        The step that comes next.
    kept : dict of str to ndarray
        What the program that drove the session had put into `colanet.Session.kept`.
    """

    plan: Plan
    state: State
    step: int
    kept: dict[str, np.ndarray]


def saved_state(path: StrPath) -> tuple[Plan, State]:
    """The network and the state that `save` or `checkpoint` wrote, without any data; raises as `saved`."""
    found = saved(path)
    return found.plan, found.state


def saved(path: StrPath) -> Saved:
    """The network that `save` or `checkpoint` wrote, without any data.

    Raises
    ------
    CheckpointError
        If the file is no such file, is damaged, or does not hold its configuration.
    """
    arrays, attributes = read_h5(path)
    kind = attributes.get("kind")
    contents.check_kind(path, attributes, ("state", "checkpoint"), "a saved state or a checkpoint")
    lost = sorted({"configuration", "input_sizes", "seed"} - attributes.keys())
    if lost:
        raise CheckpointError(f"{path}: it lacks {lost[0]}; an older colanet wrote it: load it and save it anew")
    kept = _part(arrays, KEPT)
    arrays = _part(arrays, STATE) if kind == "checkpoint" else _without_kept(arrays)
    configuration = contents.text(path, attributes, "configuration")
    seed = contents.integer(path, attributes, "seed")
    sizes = _input_sizes(path, attributes)
    if kind == "checkpoint":
        origin = contents.integer(path, attributes, "origin", 0, LATEST)
        step = origin + contents.integer(path, attributes, "step", 0, LATEST - origin)
    else:
        step = contents.integer(path, attributes, "time", 0, LATEST)
    try:
        network = Network.model_validate_json(configuration)
        plan = build(network, input_sizes=sizes, seed=seed)
        check_state(plan, arrays)
    except (ValidationError, ColanetError, ValueError, TypeError, AttributeError, LookupError) as error:
        unknown = _unknown_fields(error)
        if unknown:
            message = f"which colanet {__version__} does not know; a newer one wrote it"
            raise CheckpointError(f"{path}: its configuration has {', '.join(unknown)}, {message}") from error
        reason = " ".join(str(error).split())
        raise CheckpointError(f"{path}: damaged, configuration and state do not agree ({reason})") from error
    return Saved(plan, arrays, step, kept)


def _unknown_fields(error: Exception) -> list[str]:
    """Fields of a description that are not known here, if nothing else is wrong with it."""
    if not isinstance(error, ValidationError):
        return []
    found = error.errors(include_url=False, include_input=False)
    unknown = [str(one["loc"][-1]) for one in found if one["type"] == "extra_forbidden"]
    return list(dict.fromkeys(unknown)) if len(unknown) == len(found) else []


def save(session: Session, path: StrPath) -> None:
    """Write the network's state and `session.kept`, to be loaded by the same network with any data."""
    attributes = {"kind": "state", "time": session.origin + session.step}
    write_h5(path, session.engine.state() | _kept_by(session), attributes | _origins(session))


def load(session: Session, path: StrPath) -> None:
    """Start the data from a saved state; time goes on, from the next beginning of an object.

    Raises
    ------
    CheckpointError
        If the file does not fit this network.
    """
    arrays, attributes = read_h5(path)
    contents.check_kind(path, attributes, ("state",), "a saved state")
    time = contents.integer(path, attributes, "time", 0, LATEST)
    _check_origins(session, path, attributes)
    state = _without_kept(arrays)
    _check_state(session, path, state, time)
    network = _with_features(session, path, attributes)
    session.engine.load(state)
    session.kept = _part(arrays, KEPT)
    session.describe(network)
    session.origin, session.step = time, 0
    show_by(network, session.presentation.sources)
    period = session.presentation.period or 1
    session.rest(-session.origin % period)


# ----------------------------------------------------------------- checkpoints


def checkpoint(session: Session, path: StrPath) -> None:
    """Write everything needed to continue this very run."""
    write_h5(path, *snapshot(session))


def resume(session: Session, path: StrPath) -> None:
    """Continue the run that wrote a checkpoint.

    Raises
    ------
    CheckpointError
        If the file is damaged or belongs to another configuration, seed or selection of data.
    """
    arrays, attributes = read_h5(path)
    contents.check_kind(path, attributes, ("checkpoint",), "a checkpoint")
    restore(session, path, arrays, attributes)


def snapshot(session: Session) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arrays and attributes of a checkpoint.

    Raises
    ------
    ConfigError
        If an observer gives a name that the session or another observer has given.
    """
    arrays: dict[str, Any] = {STATE + key: value for key, value in session.engine.state().items()}
    arrays |= _kept_by(session)
    attributes = {
        "kind": "checkpoint",
        "fingerprint": fingerprint(session),
        "data": json.dumps({used.name: used.sha256 for used in session.presentation.data}),
        "terms": json.dumps(session.terms),
        "origin": session.origin,
        "step": session.step,
    } | _origins(session)
    own_arrays, own_attributes = observed(session)
    return arrays | own_arrays, attributes | own_attributes


def observed(session: Session) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arrays and attributes that the observers give to a checkpoint. ConfigError as for `snapshot`."""
    arrays: dict[str, Any] = {}
    attributes: dict[str, Any] = {}
    for observer in session.watching:
        for found, own in zip((arrays, attributes), observer.snapshot(), strict=True):
            _check_names(observer, own.keys(), found.keys() | OWN_ATTRIBUTES)
            found |= own
    return arrays, attributes


def restore(session: Session, path: StrPath, arrays: dict[str, Any], attributes: dict[str, Any]) -> None:
    """Take over what `snapshot` gave; `path` is for messages. CheckpointError as for `resume`."""
    _check_same_run(session, path, attributes)
    origin = contents.integer(path, attributes, "origin", 0, LATEST)
    step = contents.integer(path, attributes, "step", 0, LATEST - origin)
    state = _part(arrays, STATE)
    _check_state(session, path, state, origin + step)
    restore_observers(session, path, arrays, attributes)
    session.engine.load(state)
    session.kept = _part(arrays, KEPT)
    session.origin, session.step = origin, step


def restore_observers(session: Session, path: StrPath, arrays: dict[str, Any], attributes: dict[str, Any]) -> None:
    """Let all observers take over their part, or none of them. CheckpointError."""
    before: list[tuple[Observer, dict[str, Any], dict[str, Any]]] = []
    try:
        for observer in session.watching:
            own_arrays, own_attributes = observer.snapshot()
            observer.restore(path, arrays, attributes)
            before.append((observer, own_arrays, own_attributes | {"step": session.step}))
    except BaseException:
        for observer, own_arrays, own_attributes in before:
            observer.restore(path, own_arrays, own_attributes)
        raise


def fingerprint(session: Session) -> str:
    """Hash of what must agree for a run to be continued, beside data and terms."""
    p, r = session.presentation, session.recording
    recorded = r and (r.sections, r.first, r.last)
    text = f"{session.network.model_dump_json()} {session.seed} {p.n_train} {p.n_test} {recorded}"
    if session.migration:
        text += f" {session.migration}"
    return hashlib.sha256(text.encode()).hexdigest()


# ------------------------------------------------------------------- bookmarks


@dataclass(frozen=True, eq=False)
class Bookmark:
    """A place in a session, see `bookmark`."""

    state: State
    origin: int
    step: int
    presentation: Presentation
    seen: tuple[tuple[dict[str, Any], dict[str, Any]], ...]
    """What the observers had kept."""


def bookmark(session: Session) -> Bookmark:
    """Everything that a run changes, to come back to."""
    seen = tuple(observer.snapshot() for observer in session.watching)
    return Bookmark(session.engine.state(), session.origin, session.step, session.presentation, seen)


def return_to(session: Session, bookmark: Bookmark) -> None:
    """Undo everything since a bookmark."""
    session.engine.load(bookmark.state)
    session.origin, session.step = bookmark.origin, bookmark.step
    session.presentation = bookmark.presentation
    for observer, (arrays, attributes) in zip(session.watching, bookmark.seen, strict=True):
        observer.begin(session)
        # Copies, for observers go on counting in what they are given, and one may come back more than once.
        own = {name: array.copy() if isinstance(array, np.ndarray) else array for name, array in arrays.items()}
        observer.restore("bookmark", own, attributes | {"step": session.step})


# ---------------------------------------------------------------------- checks


def _check_names(observer: Observer, own: Set[str], there: Set[str]) -> None:
    """Refuse an observer that would write over what a checkpoint holds already."""
    taken = sorted(name for name in own if name in there or name.startswith(OWN_PLACES))
    if taken:
        message = f"its snapshot gives {taken[0]}, which is taken in checkpoints; expected another name or place"
        raise ConfigError(Problem(message, f"observer {observer.name}"))


def _part(arrays: dict[str, Any], place: str) -> dict[str, Any]:
    """The arrays of a place in a file, by their names there."""
    return {key[len(place) :]: value for key, value in arrays.items() if key.startswith(place)}


def _without_kept(arrays: dict[str, Any]) -> State:
    return {key: value for key, value in arrays.items() if not key.startswith(KEPT)}


def _kept_by(session: Session) -> dict[str, Any]:
    return {KEPT + name: array for name, array in session.kept.items()}


def _origins(session: Session) -> dict[str, Any]:
    """What a reader needs to know whose state a file holds; see `saved_state`."""
    sizes = {source.name: int(source.size) for source in session.presentation.sources}
    return {
        "configuration": session.network.model_dump_json(),
        "input_sizes": json.dumps(sizes),
        "seed": session.seed,
    }


def _input_sizes(path: StrPath, attributes: dict[str, Any]) -> dict[str, int]:
    """Nodes of every input of the network that was saved."""
    sizes = contents.mapping(path, attributes, "input_sizes")
    return {name: contents.integer(path, sizes, name, 1, LARGEST_INPUT) for name in sizes}


def _check_state(session: Session, path: StrPath, state: State, step: int) -> None:
    try:
        check_state(session.plan, state, step)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error


def _check_origins(session: Session, path: StrPath, attributes: dict[str, Any]) -> None:
    """Refuse a state whose synapses are others than those of this network."""
    for name, size in _input_sizes(path, attributes).items():
        here = dict(session.plan.inputs).get(name, size)
        if size != here:
            raise CheckpointError(f"{path}: was saved with {size} nodes of input {name}, here it has {here}")
    seed = contents.integer(path, attributes, "seed")
    drawn = [p for p in session.plan.projections if p.random]
    if drawn and seed != session.seed:
        raise CheckpointError(
            f"{path}: was saved under seed {seed}, which its connections or delays are drawn from (projection "
            f"{drawn[0].name}); this run has seed {session.seed}"
        )


def _with_features(session: Session, path: StrPath, attributes: dict[str, Any]) -> Network:
    """The network with the prototypes that a state was learnt with; without them its weights mean nothing."""
    if not any(isinstance(one, ImageInput) and one.features for one in session.network.inputs):
        return session.network
    try:
        saved = Network.model_validate_json(contents.text(path, attributes, "configuration"))
    except ValidationError as error:
        raise CheckpointError(f"{path}: damaged, its configuration cannot be read") from error
    there = {one.name: one for one in saved.inputs if isinstance(one, ImageInput)}
    for one in session.network.inputs:
        if not isinstance(one, ImageInput) or one.features is None:
            continue
        other = there.get(one.name)
        features = other.features if other else None
        if features is None or features.model_copy(update={"learnt": one.features.learnt}) != one.features:
            raise CheckpointError(f"{path}: was saved with other features of input {one.name}")
    return with_learnt(session.network, learnt_of(saved))


def _check_same_run(session: Session, path: StrPath, attributes: dict[str, Any]) -> None:
    """CheckpointError if the checkpoint belongs to another run."""
    if {"data", "terms"} - attributes.keys():
        raise CheckpointError(f"{path}: an older colanet wrote it, without the data's digests; begin anew")
    if attributes.get("fingerprint") != fingerprint(session):
        raise CheckpointError(f"{path}: was written with another configuration, seed, data or recording")
    then = contents.mapping(path, attributes, "data")
    for used in session.presentation.data:
        if then.get(used.name) != used.sha256:
            raise CheckpointError(f"{path}: was written with other data than {used.source} ({used.name})")
    terms = contents.mapping(path, attributes, "terms")
    for name in sorted(terms.keys() & session.terms.keys()):
        if terms[name] != session.terms[name]:
            raise CheckpointError(f"{path}: was written with {name} {terms[name]}, expected {session.terms[name]}")
