"""`CoLaNETClassifier`: a column network that learns arrays in one pass, with the methods of scikit-learn."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from colanet.config.model import Network
from colanet.errors import BackendUnavailable
from colanet.estimator.arguments import MOST, NAMES, ArgumentError, checked, constants_with, scaler_of, threads_of
from colanet.estimator.inputs import learn_coding
from colanet.estimator.machine import Machine
from colanet.estimator.meaning import Meaning
from colanet.estimator.network import Constants, adapted
from colanet.estimator.ready import pixels_of, ready_network
from colanet.extras import need

base, multiclass, validation = (
    need(f"sklearn.{name}", "sklearn") for name in ("base", "utils.multiclass", "utils.validation")
)
if not hasattr(validation, "validate_data"):
    raise BackendUnavailable('scikit-learn is older than 1.6: pip install "colanet[sklearn]"')

StrPath = str | os.PathLike[str]


class CoLaNETClassifier(base.ClassifierMixin, base.BaseEstimator):  # type: ignore[misc, name-defined]
    """A spiking column network (CoLaNET) as a classifier: one pass, integers only, the same bits everywhere.

    Every argument that is None is adapted: its value stands in `colanet.estimator.network.Constants`, and
    docs/estimator.md says how it was chosen. Weights, rates and `reward` are those for 102.4 input spikes a step,
    and scaled to the spikes that the first batch brings (docs/own.md).

    Parameters
    ----------
    microcolumns : int or None
        Neurons a class.
    copies : int or None
        Independent networks, whose votes are added.
    presentation : int or None
        Steps in which a sample spikes.
    tau_m : float or None
        Membrane time constant in steps.
    threshold_weight_factor : float or None
        How much of a neuron's positive weights is added to its threshold.
    w_min, w_max : float or None
        Bounds of the weights.
    hebbian_rate : float or None
        What a synapse changes by when its neuron fires, negative.
    reward : float or None
        What it changes by when the label confirms its class.
    stability_rate : float or None
        How fast neurons that were right stop changing.
    virtual_synapses : float or None
        Silent synapses that share what the others lose, for 784 nodes.
    source_fraction : float or None
        Part of the input nodes that each copy sees.
    scaler : {'auto', 'range', 'quantile'}
        How numbers become intensities; see `colanet.estimator.inputs.learn_coding`.
    fields : int or None
        Input nodes a feature.
    max_classes : int or None
        Classes there is room for; None: those of the first call.
    shuffle : bool
        Whether `fit` takes the samples in a drawn order. `partial_fit` never does.
    network : Network, path or None
        A configuration with one image input, one target and a readout, used as it is. The arguments above from
        `microcolumns` to `source_fraction`, and `fields`, must be None.
    random_state : int, RandomState or None
        Of initial resources, of what copies see, and of the order of samples.
    n_jobs : int or None
        Threads; None: 1, -1: all cores.
    engine : {'numba', 'cupy', 'reference', 'auto'}

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
    class_count_ : ndarray of int64, shape (n_classes,)
        Samples learnt of each class.
    network_ : Network
        The configuration.
    coding_ : InputCoding
        How samples become intensities.
    machine_ : Machine
        The network with its state.
    n_features_in_ : int
    feature_names_in_ : ndarray
        Where X has names.

    Raises
    ------
    ArgumentError
        If an argument cannot be used. It is a ConfigError and a ValueError.
    """

    def __init__(
        self,
        *,
        microcolumns: int | None = None,
        copies: int | None = None,
        presentation: int | None = None,
        tau_m: float | None = None,
        threshold_weight_factor: float | None = None,
        w_min: float | None = None,
        w_max: float | None = None,
        hebbian_rate: float | None = None,
        reward: float | None = None,
        stability_rate: float | None = None,
        virtual_synapses: float | None = None,
        source_fraction: float | None = None,
        scaler: str = "auto",
        fields: int | None = None,
        max_classes: int | None = None,
        shuffle: bool = True,
        network: Network | StrPath | None = None,
        random_state: Any = 0,
        n_jobs: int | None = None,
        engine: str = "numba",
    ) -> None:
        self.microcolumns = microcolumns
        self.copies = copies
        self.presentation = presentation
        self.tau_m = tau_m
        self.threshold_weight_factor = threshold_weight_factor
        self.w_min = w_min
        self.w_max = w_max
        self.hebbian_rate = hebbian_rate
        self.reward = reward
        self.stability_rate = stability_rate
        self.virtual_synapses = virtual_synapses
        self.source_fraction = source_fraction
        self.scaler = scaler
        self.fields = fields
        self.max_classes = max_classes
        self.shuffle = shuffle
        self.network = network
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.engine = engine

    # ------------------------------------------------------------------- learn

    def fit(self, X: ArrayLike, y: ArrayLike) -> CoLaNETClassifier:
        """Make a network for these samples and show them to it once.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
        y : array-like, shape (n_samples,)
            Labels of any kind.
        """
        samples, labels = self._checked(X, y, reset=True)
        random = validation.check_random_state(self.random_state)
        self._begin(samples, np.unique(labels), random)
        order = random.permutation(len(samples)) if self.shuffle else np.arange(len(samples))
        return self._learn(samples[order], labels[order])

    def partial_fit(self, X: ArrayLike, y: ArrayLike, classes: ArrayLike | None = None) -> CoLaNETClassifier:
        """Go on learning, from the present state, in the order of the samples.

        The first call makes the network, and learns from its samples how numbers become intensities.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
        y : array-like, shape (n_samples,)
        classes : array-like or None
            All classes that will come. It may be None later, and at the first call if `max_classes` says how many.
        """
        first = not hasattr(self, "machine_")
        samples, labels = self._checked(X, y, reset=first)
        known = np.unique(labels) if classes is None else np.unique(np.asarray(classes))
        if first:
            if classes is None and self.max_classes is None:
                raise ArgumentError("classes", "expected at the first call of partial_fit, or max_classes")
            self._begin(samples, known, validation.check_random_state(self.random_state))
        elif classes is not None and not np.array_equal(known, self.classes_):
            raise ArgumentError("classes", f"expected {_listed(self.classes_)} as before, not {_listed(known)}")
        self._make_room(np.unique(labels))
        return self._learn(samples, labels)

    def _checked(self, X: ArrayLike, y: ArrayLike, *, reset: bool) -> tuple[np.ndarray, np.ndarray]:
        samples, labels = validation.validate_data(self, X, y, reset=reset)
        multiclass.check_classification_targets(labels)
        return samples, np.asarray(labels)

    def _begin(self, X: np.ndarray, classes: np.ndarray, random: np.random.RandomState) -> None:
        """Forget everything, and make the network."""
        given = {name: getattr(self, name) for name in NAMES if hasattr(self, name)}
        scaler, threads = scaler_of(self.scaler), threads_of(self.n_jobs)
        fields = None if self.fields is None else checked("fields", self.fields, MOST)
        places = len(classes)
        if self.max_classes is not None:
            places = max(checked("max_classes", self.max_classes), 1)
        if len(classes) > places:
            raise ArgumentError("max_classes", f"expected at least {len(classes)}, the classes there are")
        if self.network is None:
            coding = learn_coding(X, scaler, fields)
            nodes, activity = X.shape[1] * coding.fields, coding.activity(X)
            network = adapted(nodes, places, activity, constants_with(Constants(), given))
        else:
            network = ready_network(self.network, given | {"fields": fields}, X.shape[1], places)
            nodes = pixels_of(network)
            coding = learn_coding(X, scaler, nodes // X.shape[1])
        self.coding_, self.network_ = coding, network
        self.machine_ = Machine(
            network, nodes, seed=int(random.randint(2**31 - 1)), threads=threads, engine=self.engine,
            rests=self.network is None,
        )  # fmt: skip
        self.classes_ = classes
        self.class_count_ = np.zeros(len(classes), dtype=np.int64)
        self.columns_ = np.arange(len(classes))

    def _make_room(self, found: np.ndarray) -> None:
        """Give new classes the columns that are still free; ArgumentError if there are not enough."""
        new = np.setdiff1d(found, self.classes_)
        places = self.machine_.columns
        if len(self.classes_) + len(new) > places:
            there = f"{_listed(self.classes_)}; there is room for {places} (max_classes)"
            raise ArgumentError("y", f"{_listed(new)} is not among the classes {there}")
        if not len(new):
            return
        classes = np.concatenate([self.classes_, new])
        order = np.argsort(classes, kind="stable")
        self.class_count_ = np.append(self.class_count_, np.zeros(len(new), dtype=np.int64))[order]
        self.columns_ = np.append(self.columns_, np.arange(len(self.columns_), len(classes)))[order]
        self.classes_ = classes[order]

    def _learn(self, X: np.ndarray, y: np.ndarray) -> CoLaNETClassifier:
        index = np.searchsorted(self.classes_, y)
        self.machine_.learn(self.coding_(X), self.columns_[index].astype(np.int64))
        self.class_count_ = self.class_count_ + np.bincount(index, minlength=len(self.classes_))
        return self

    # ------------------------------------------------------------------ answer

    def intensities(self, X: ArrayLike) -> np.ndarray:
        """What the network is shown, uint8 of shape (n_samples, nodes)."""
        validation.check_is_fitted(self)
        return self.coding_(validation.validate_data(self, X, reset=False))

    def votes(self, X: ArrayLike) -> np.ndarray:
        """Evidence for each class, shape (n_samples, n_classes), of all copies together."""
        images = self.intensities(X)
        return self.machine_.votes(images)[:, self.columns_]

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Shares of the evidence, shape (n_samples, n_classes).

        One more vote is divided among the classes as they were frequent in training. So a sample without any vote
        gets the most frequent class, and of equal votes the more frequent class wins.
        """
        votes = self._with_prior(X)
        shares: np.ndarray = votes / votes.sum(axis=1, keepdims=True)
        return shares

    def decision_function(self, X: ArrayLike) -> np.ndarray:
        """Evidence with the divided vote, shape (n_samples, n_classes).

        Of two classes, shape (n_samples,): the share of the second less that of the first.
        """
        votes = self._with_prior(X)
        if len(self.classes_) != 2:
            return votes
        shares = votes / votes.sum(axis=1, keepdims=True)
        difference: np.ndarray = shares[:, 1] - shares[:, 0]
        return difference

    def predict(self, X: ArrayLike) -> np.ndarray:
        """The class with most evidence, shape (n_samples,)."""
        shares = self.predict_proba(X)
        found: np.ndarray = self.classes_[np.argmax(shares, axis=1)]
        return found

    def _with_prior(self, X: ArrayLike) -> np.ndarray:
        votes: np.ndarray = self.votes(X) + self.class_count_ / self.class_count_.sum()
        return votes

    # -------------------------------------------------------------------- keep

    def save(self, path: StrPath) -> None:
        """Write a state, to be read by `colanet predict`, `colanet run --load` and `colanet.Session.load`."""
        validation.check_is_fitted(self)
        names = [f"free {column}" for column in range(self.machine_.columns)]
        for column, label in zip(self.columns_.tolist(), self.classes_.tolist(), strict=True):
            names[column] = str(label)
        features = getattr(self, "feature_names_in_", None)
        texts = None if features is None else tuple(features.tolist())
        self.machine_.save(Path(path), Meaning(self.coding_, tuple(names), (self.n_features_in_,), texts).kept())


def _listed(classes: np.ndarray) -> str:
    """Classes in a message."""
    shown = ", ".join(map(str, classes[:5].tolist()))
    return shown if len(classes) <= 5 else f"{shown} and {len(classes) - 5} more"
