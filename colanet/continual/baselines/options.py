"""The settings of the comparison methods, and which method takes which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from colanet.config.inputs import Features
from colanet.config.messages import explain
from colanet.config.model import Frozen
from colanet.errors import ConfigError, Problem

METHODS = (
    "backprop",
    "backprop-dropout",
    "backprop-self-reminder",
    "backprop-reservoir",
    "backprop-ewc",
    "backprop-joint",
    "backprop-si",
    "backprop-owm",
    "backprop-kwta",
    "ridge",
    "slda",
    "nearest-mean",
    "nearest-neighbour",
)

_NETWORK = {"hidden", "optimizer", "lr", "batch"}
_FEATURES = {"features", "scale", "patches"}
_OWN: dict[str, set[str]] = {
    "backprop-dropout": {"dropout"},
    "backprop-self-reminder": {"reminder"},
    "backprop-reservoir": {"memory", "replay"},
    "backprop-ewc": {"strength", "decay", "fisher_images"},
    "backprop-si": {"strength", "damping"},
    "backprop-owm": {"alpha"},
    "backprop-kwta": {"active"},
    "ridge": {"ridge", *_FEATURES},
    "slda": {"shrinkage", *_FEATURES},
    "nearest-mean": _FEATURES,
}
_DEFAULTS: dict[str, dict[str, Any]] = {
    "backprop-si": {"optimizer": "adam", "lr": 1e-3, "strength": 1.0},
    "backprop-owm": {"batch": 50, "lr": 1.0, "alpha": 1.0},
    "backprop-kwta": {"hidden": 2000, "lr": 0.3, "active": 50},
    "ridge": {"features": 5000},
}
"""Where a method has another default."""

Share = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1, le=2**31 - 1)]


class BaselineOptions(Frozen):
    """Settings of the comparison methods.

    Attributes
    ----------
    hidden : int
        Rectified linear units.
    optimizer : {'sgd', 'adam'}
        Plain gradient descent without momentum, or Adam with PyTorch's other defaults.
    lr : float
        Learning rate.
    batch : int
        Fresh images a minibatch (with self-reminder: images, fresh and stored).
    dropout : float
        Probability that a hidden unit is silent.
    reminder : float
        Part of each task's training images that is kept.
    memory : int
        Images in the reservoir.
    replay : int or None
        Images of the reservoir that join each minibatch; None: as many as it has fresh ones.
    strength : float
        lambda of online EWC, c of Synaptic Intelligence.
    decay : float
        gamma of online EWC, see `colanet.continual.baselines.ewc`.
    fisher_images : int
        Images of a task from which its Fisher information is estimated, at most all of them.
    damping : float
        xi of Synaptic Intelligence, see `colanet.continual.baselines.si`.
    alpha : float
        a of orthogonal weights modification, see `colanet.continual.baselines.owm`.
    active : int
        Hidden units that stay active for an image, of the sparse network.
    features : int
        Random features; 0: the pixels themselves, or what `patches` makes of them.
    scale : float
        s of the random features, see `colanet.continual.baselines.features`.
    patches : Features or None
        A layer of features between the pixels and what else there is, learnt from the first task's training images
        by the rule of CoLaNET's networks, with patches of its own.
    ridge : float
        Added to the diagonal of the Gram matrix, in parts of the mean of that diagonal.
    shrinkage : float
        e of streaming LDA, see `colanet.continual.baselines.moments`.
    """

    hidden: Annotated[int, Field(ge=1, le=65536)] = 512
    optimizer: Literal["sgd", "adam"] = "sgd"
    lr: Positive = 0.1
    batch: Count = 10
    dropout: Share = 0.5
    reminder: Share = 0.1
    memory: Count = 6000
    replay: Count | None = None
    strength: Annotated[float, Field(ge=0)] = 30.0
    decay: Annotated[float, Field(ge=0, le=1)] = 1.0
    fisher_images: Count = 1000
    damping: Positive = 0.1
    alpha: Positive = 1.0
    active: Count = 100
    features: Annotated[int, Field(ge=0, le=65536)] = 0
    scale: Positive = 10.0
    patches: Features | None = None
    ridge: Positive = 1e-3
    shrinkage: Share = 1e-3

    @property
    def replayed(self) -> int:
        """Images of the reservoir that join each minibatch."""
        return self.replay or self.batch


def taken(method: str) -> set[str]:
    """Names of the options that a method takes."""
    return _OWN.get(method, set()) | (_NETWORK if method.startswith("backprop") else set())


def check_method(method: str) -> None:
    """ConfigError if there is no such method."""
    if method not in METHODS:
        raise ConfigError(Problem(f"expected one of {', '.join(METHODS)}, not {method!r}", "method"))


def read_options(method: str, options: Mapping[str, Any] | None = None) -> BaselineOptions:
    """The settings of a method, checked.

    Raises
    ------
    ConfigError
        With every problem: an unknown method, unknown options, options that the method would ignore, bad values.
    """
    check_method(method)
    given = dict(options or {})
    problems: list[Problem] = []
    allowed = taken(method)
    for name in sorted(given.keys() & BaselineOptions.model_fields.keys() - allowed):
        text = f"{method} has no such option, but {', '.join(sorted(allowed)) or 'none at all'}"
        problems.append(Problem(text, f"options.{name}"))
    try:
        answer = BaselineOptions.model_validate(_DEFAULTS.get(method, {}) | given)
    except ValidationError as error:
        found = explain(error, given, BaselineOptions)
        problems += [Problem(text, ".".join(["options", *map(str, path)])) for path, text in found]
    if problems:
        raise ConfigError(problems)
    return answer


def used(method: str, options: BaselineOptions, pixels: int, classes: int) -> dict[str, Any]:
    """Everything that a method goes by, defaults included: what a result is to be told with."""
    layers = [pixels, options.hidden, classes] if method.startswith("backprop") else [pixels, classes]
    found: dict[str, Any] = {"method": method, "layers": layers}
    names = taken(method) - {"hidden"}
    given = options.model_dump() | {"replay": options.replayed}
    found |= {name: value for name, value in given.items() if name in names and value is not None}
    return found
