"""What is warned of: labels, numbers of samples, accuracies and values that are probably not as meant."""

import numpy as np
import pytest

from colanet.estimator.inputs import InputCoding
from colanet.own import suspicions
from colanet.own.samples import Samples
from tests.own.made import SMALL, clusters, write_table


def samples_of(labels, values=None):
    n = len(labels) if values is None else len(values)
    places = tuple(f"t.csv:{i + 2}" for i in range(n))
    return Samples(np.zeros((n, 2)) if values is None else np.array(values), labels, places, places)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (("a", "b", "b", "a"), []),
        (
            ("Red wine", "red  wine", "Red wine", "redwine", "redwine", "Red wine"),
            [
                "t.csv:5: class 'redwine' (2 of 6 samples) differs only in case or blanks from 'Red wine'",
                "t.csv:3: class 'red  wine' (1 of 6 samples) differs only in case or blanks from 'Red wine'",
            ],
        ),
        (("a", "b", "a", "c"), ["t.csv:3: class with one sample only: b, c; a typing error?"]),
    ],
)
def test_labels(labels, said):
    assert list(suspicions.of_labels(samples_of(labels))) == said


def test_numbers_of_samples():
    taught = np.repeat([0, 1, 2], [30, 29, 1])
    (said,) = suspicions.of_numbers(taught, ("a", "b", "c"), "t.csv")
    assert said.startswith("t.csv: few training samples of b (29), c (1), expected 30 or more a class")
    assert not list(suspicions.of_numbers(taught[:30], ("a",), "t.csv"))


def test_accuracies():
    tested = np.array([0, 1, 1, 2])
    for accuracy in (0.25, 0.5):
        (said,) = suspicions.of_score(accuracy, tested, ("a", "b", "c"), "t.csv")
        assert said.endswith(f"({100 * accuracy:.2f} %) is not above that of always answering b (50.00 %)")
    assert not list(suspicions.of_score(0.75, tested, ("a", "b", "c"), "t.csv"))


def test_labels_that_were_not_learnt():
    (said,) = suspicions.of_strangers(samples_of(("a", "", "c", "c")), ("a", "b"))
    assert said == "t.csv:4: label c; 2 of 4 labels are none of those learnt: a, b"
    assert not list(suspicions.of_strangers(samples_of(("a", "", "b")), ("a", "b")))


VALUES = [[1, 20], [0, 35.5], [3, 10], [4, 40]]
RANKS = InputCoding("quantile", 2, np.array([[0.0, 10.0], [1, 15], [3, 35]]))
RANGE = InputCoding("range", 2, np.array([0.0, 35.0]))


@pytest.mark.parametrize(
    ("coding", "features", "said"),
    [
        (RANKS, ("p", "q"), "t.csv:3: column q: 35.5, learnt 10 to 35; 2 of 4 samples have values outside"),
        (RANGE, None, "t.csv:3: value 1: 35.5, learnt 0 to 35; 2 of 4 samples have values outside"),
    ],
)
def test_values(coding, features, said):
    (found,) = suspicions.of_values(samples_of(None, VALUES), coding, features)
    assert found.startswith(said)
    assert not list(suspicions.of_values(samples_of(None, VALUES[::2]), coding, features))


def test_they_are_printed_once_and_in_time(call, tmp_path, monkeypatch):
    """Samples that are all alike cannot be told apart, so no accuracy is above that of one answer."""
    monkeypatch.chdir(tmp_path)
    rows = [(1, 2, "Elm" if i % 3 else "oak") for i in range(30)]
    write_table(tmp_path / "t.csv", [*rows, (1, 2, "elm"), (1, 2, "lime")], ("p", "q", "label"))
    status, out, err = call("train", "t.csv", *SMALL, "--quiet")
    assert status == 0
    assert out.startswith("classes     Elm, elm, lime, oak\n")
    case, single, few, score = err.splitlines()
    assert case.startswith("warning: t.csv:32: class 'elm' (1 of 32 samples)")
    assert single.startswith("warning: t.csv:33: class with one sample only: lime")
    assert few.startswith("warning: t.csv: few training samples of Elm (16), elm (1), lime (1), oak (8)")
    assert score.endswith("is not above that of always answering Elm (66.67 %)")


def test_strange_values_are_warned_of(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    header = ("long", "wide", "number", "kind")
    write_table(tmp_path / "t.csv", clusters(60), header)
    assert call("train", "t.csv", "--label", "kind", *SMALL, "--quiet", "--test-share", 0)[0] == 0
    assert call("predict", "t.state.h5", "t.csv", "--quiet")[2] == ""
    rows = clusters(60)
    rows[4] = (rows[4][0], 1234.5, *rows[4][2:])
    write_table(tmp_path / "new.csv", rows, header)
    err = call("predict", "t.state.h5", "new.csv", "--quiet")[2]
    assert err.startswith("warning: new.csv:6: column wide: 1234.5, learnt ")
    assert err.endswith("; 1 of 60 samples have values outside of what was learnt\n")
