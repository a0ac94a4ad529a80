"""The estimator: order and batches change nothing, streaming is fitting, and what it keeps is the whole of it."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
import yaml

pytest.importorskip("sklearn", reason='pip install "colanet[sklearn]" brings scikit-learn')

from sklearn.base import clone
from sklearn.datasets import load_digits, make_classification
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import colanet
from colanet import CoLaNETClassifier
from colanet.config import save as save_network
from colanet.errors import ColanetError
from colanet.estimator.arguments import ArgumentError
from colanet.estimator.network import Constants, adapted

SMALL = {"copies": 2, "microcolumns": 3}


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:300], y[:300], X[300:420], y[300:420]


@pytest.fixture(scope="module")
def fitted(digits):
    return CoLaNETClassifier(**SMALL).fit(*digits[:2])


def ready(**changes):
    """A configuration for 8 x 8 pixels and ten classes."""
    network = adapted(64, 10, 20.0, Constants(copies=2, microcolumns=3))
    return colanet.config.override_all(network, {name: str(value) for name, value in changes.items()})


READY = [{}, {"input.R.coding": "poisson"}, {"population.L.noise_amplitude": 1.5}]


# -------------------------------------------------------------- order and batches


@pytest.mark.parametrize("described", [None, *READY], ids=str)
def test_votes_do_not_depend_on_order_nor_batches(digits, described):
    X, y, shown = digits[0][:60], digits[1][:60], digits[2][:25]
    made = CoLaNETClassifier(**SMALL) if described is None else CoLaNETClassifier(network=ready(**described))
    made.fit(X, y)
    whole = made.votes(shown)
    assert whole.sum() > 0
    order = np.random.default_rng(0).permutation(len(shown))
    np.testing.assert_array_equal(made.votes(shown[order]), whole[order])
    parts = [made.votes(shown[a:b]) for a, b in pairwise([0, 1, 9, 10, 25])]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    np.testing.assert_array_equal(made.votes(shown), whole)


@pytest.mark.parametrize(
    "hot", [{"tau_m": 100, "threshold_weight_factor": 0}, {"presentation": 1}, {"reward": 100}, {"w_min": 0}]
)
def test_the_network_is_at_rest_between_samples_whatever_its_constants(digits, hot):
    X, y, shown = digits[0][:40], digits[1][:40], digits[2][:30]
    made = CoLaNETClassifier(**SMALL, **hot).fit(X, y)
    whole = made.votes(shown)
    np.testing.assert_array_equal(made.votes(shown[::-1])[::-1], whole)
    np.testing.assert_array_equal(np.concatenate([made.votes(one[None]) for one in shown]), whole)


def test_chunks_of_any_size_change_nothing(digits, fitted, monkeypatch):
    whole = fitted.votes(digits[2])
    monkeypatch.setattr("colanet.estimator.machine.CHUNK", 7)
    np.testing.assert_array_equal(fitted.votes(digits[2]), whole)
    again = clone(fitted).fit(*digits[:2])
    np.testing.assert_array_equal(again.votes(digits[2]), whole)


@pytest.mark.parametrize("engine", ["reference", "numba"])
def test_engines_and_threads_agree(digits, engine):
    X, y, shown = digits[0][:12], digits[1][:12], digits[2][:5]
    one = CoLaNETClassifier(**SMALL, engine=engine).fit(X, y)
    other = CoLaNETClassifier(**SMALL, n_jobs=2).fit(X, y)
    np.testing.assert_array_equal(one.votes(shown), other.votes(shown))


# ---------------------------------------------------------------------- streaming


def test_streaming_is_fitting_in_order(digits):
    X, y, shown, _ = digits
    X, y = X[:40], y[:40]
    whole = CoLaNETClassifier(network=ready(), scaler="range", shuffle=False).fit(X, y)
    parts = CoLaNETClassifier(network=ready(), scaler="range")
    for a, b in pairwise([0, 25, 26, 40]):
        parts.partial_fit(X[a:b], y[a:b], classes=range(10))
        parts.votes(shown[:3])  # answers change nothing
        parts = pickle.loads(pickle.dumps(parts))
    np.testing.assert_array_equal(parts.votes(shown), whole.votes(shown))
    np.testing.assert_array_equal(parts.class_count_, whole.class_count_)
    state = whole.machine_.state
    assert state.keys() == parts.machine_.state.keys()
    assert all((state[name] == parts.machine_.state[name]).all() for name in state)


def test_new_classes_take_the_room_that_is_left(digits):
    X, y = digits[0], np.array([f"n{label}" for label in digits[1]])
    late = (digits[1] == 0) | (digits[1] == 5)
    made = CoLaNETClassifier(**SMALL, max_classes=10)
    made.partial_fit(X[~late], y[~late])
    assert made.classes_.tolist() == [f"n{k}" for k in (1, 2, 3, 4, 6, 7, 8, 9)]
    made.partial_fit(X[late], y[late])
    assert made.classes_.tolist() == [f"n{k}" for k in range(10)]
    assert made.class_count_.tolist() == [(digits[1] == k).sum() for k in range(10)]
    assert made.columns_[[0, 5]].tolist() == [8, 9]
    assert made.score(digits[2], [f"n{label}" for label in digits[3]]) > 0.6
    with pytest.raises(
        ArgumentError, match=r"^y: m is not among the classes n0, n1, n2, n3, n4 and 5 more; "
    ):
        made.partial_fit(X[:1], ["m"])


def test_what_partial_fit_refuses(digits):
    X, y = digits[0][:20], digits[1][:20]
    with pytest.raises(ValueError, match=r"^classes: expected at the first call of partial_fit, or max_classes$"):
        CoLaNETClassifier().partial_fit(X, y)
    made = CoLaNETClassifier(**SMALL).partial_fit(X, y, classes=range(10))
    with pytest.raises(ColanetError, match=r"^classes: expected 0, 1, 2, 3, 4 and 5 more as before, not 0, 1$"):
        made.partial_fit(X, y, classes=[1, 0])
    with pytest.raises(ArgumentError, match=r"^max_classes: expected at least 10, the classes there are$"):
        CoLaNETClassifier(max_classes=3).fit(X, y)


# ------------------------------------------------------------------------ answers


def test_shares_and_decision_are_of_the_votes_and_one_divided_vote(digits, fitted):
    votes, prior = fitted.votes(digits[2]), np.bincount(digits[1]) / 300
    np.testing.assert_allclose(fitted.decision_function(digits[2]), votes + prior)
    wanted = (votes + prior) / (votes.sum(axis=1, keepdims=True) + 1)
    np.testing.assert_allclose(fitted.predict_proba(digits[2]), wanted)
    assert (fitted.predict(digits[2]) == np.argmax(wanted, axis=1)).all()


def test_without_a_vote_the_most_frequent_class(digits):
    X, y = np.concatenate([digits[0][:40], digits[0][:1]]), np.repeat(["a", "b", "c"], [10, 20, 11])
    made = CoLaNETClassifier(**SMALL, scaler="range", fields=1).fit(X, y)
    dark = np.zeros((2, 64))
    assert made.votes(dark).tolist() == [[0, 0, 0]] * 2
    assert made.predict(dark).tolist() == ["b", "b"]
    np.testing.assert_allclose(made.predict_proba(dark), [[10 / 41, 20 / 41, 11 / 41]] * 2)


def test_two_classes_decide_by_the_difference_of_shares(digits):
    X, y = digits[0][:80], np.where(digits[1][:80] < 5, "low", "high")
    made = CoLaNETClassifier(**SMALL).fit(X, y)
    shares = made.predict_proba(digits[2])
    np.testing.assert_allclose(made.decision_function(digits[2]), shares[:, 1] - shares[:, 0])


# ----------------------------------------------------------------------- keeping


def test_the_saved_state_answers_alike_on_the_command_line(digits, fitted, tmp_path, call):
    shown, labels = digits[2][:30], digits[3][:30]
    fitted.save(tmp_path / "state.h5")
    save_network(fitted.network_, tmp_path / "own.yaml")
    fitted.intensities(shown).tofile(tmp_path / "samples.raw")
    (tmp_path / "labels.txt").write_text("".join(f"{label}\n" for label in labels))
    seed = fitted.machine_.seed
    status, out, err = call(
        "run", tmp_path / "own.yaml", "--load", tmp_path / "state.h5", "--seed", seed, "--json", "--quiet"
    )
    assert (status, err) == (0, "")
    votes = fitted.votes(shown)
    answers = np.where(votes.sum(axis=1) > 0, votes.argmax(axis=1), -1)
    assert yaml.safe_load(out)["accuracy"] == pytest.approx((answers == labels).mean())


def test_the_saved_state_answers_new_tables(digits, tmp_path, call):
    X, y = digits[0][:100], np.where(digits[1][:100] < 5, "low", "high")
    made = CoLaNETClassifier(**SMALL, max_classes=3).fit(X, y)
    made.save(tmp_path / "state.h5")
    np.savez(tmp_path / "new.npz", X=digits[2][:20])
    status, out, err = call("predict", tmp_path / "state.h5", tmp_path / "new.npz", "--quiet")
    assert (status, err) == (0, "")
    head, *rows = (line.split(",") for line in out.splitlines())
    order = [head.index(f"votes_{label}") for label in made.classes_]
    votes = np.array([[float(row[i]) for i in order] for row in rows])
    np.testing.assert_array_equal(votes, made.votes(digits[2][:20]))
    assert len(set(head)) == len(head) == 5


@pytest.mark.slow
def test_it_works_where_estimators_do(digits):
    X, y = digits[0][:120], digits[1][:120]
    piped = make_pipeline(StandardScaler(), CoLaNETClassifier(**SMALL))
    assert cross_val_score(piped, X, y, cv=2).mean() > 0.5
    search = GridSearchCV(CoLaNETClassifier(**SMALL), {"tau_m": [3, 11]}, cv=2, n_jobs=2).fit(X, y)
    assert search.best_score_ > 0.5
    assert search.best_estimator_.network_.population("L").tau_m == search.best_params_["tau_m"]


@pytest.mark.parametrize("sizes", [(0.0, 1.0), (-3.0, 1e6)])
def test_features_of_any_scale_are_learnt(sizes):
    X, y = make_classification(900, 40, n_informative=10, n_classes=3, class_sep=1.5, random_state=1)
    X = X * sizes[1] + sizes[0]
    made = CoLaNETClassifier(copies=5).fit(X[:700], y[:700])
    assert made.score(X[700:], y[700:]) > 0.6


# ------------------------------------------------------------------------ refused


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"microcolumns": 0}, "microcolumns: expected a whole number, 1 to 4096, not 0"),
        ({"tau_m": "fast"}, "tau_m: expected a number from 1 to 1.04858e+06, not 'fast'"),
        ({"source_fraction": float("nan")}, "source_fraction: expected a number from 0.001 to 1, not nan"),
        ({"scaler": "z"}, "scaler: expected one of auto, range, quantile, not 'z'"),
        ({"n_jobs": 0}, "n_jobs: expected a whole number but 0, or None, not 0"),
        ({"network": 3}, "network: expected a Network or a path, not a int"),
        ({"network": "mnist.yaml", "copies": 3}, "copies: expected None beside a network, not 3"),
    ],
)
def test_one_line_for_each_argument(digits, arguments, message):
    with pytest.raises(ArgumentError) as caught:
        CoLaNETClassifier(**arguments).fit(*digits[:2])
    assert str(caught.value) == message
    assert isinstance(caught.value, ValueError)


def test_networks_that_do_not_fit_the_samples(digits):
    X, y = digits[:2]
    with pytest.raises(ArgumentError, match="images of 64 pixels cannot hold 63 features"):
        CoLaNETClassifier(network=ready()).fit(X[:, 1:], y)
    with pytest.raises(ArgumentError, match="10 classes, expected at least 150"):
        CoLaNETClassifier(network=ready()).fit(X, np.arange(300) // 2)
