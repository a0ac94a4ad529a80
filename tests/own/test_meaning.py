"""What a state says of its samples, how data are divided, and what is read of which cell."""

import json

import numpy as np
import pytest

from colanet.config.model import Network
from colanet.errors import CheckpointError, DataError
from colanet.estimator.inputs import InputCoding, learn_coding
from colanet.estimator.meaning import ABOUT, LIMITS, Meaning, meaning_of
from colanet.own.learn import Choices, lesson
from colanet.own.read import read
from colanet.own.samples import Wanted
from colanet.session import Session
from tests.own.made import clusters, shapes, write_table

RANGE = Meaning(InputCoding("range", 2, np.array([0.0, 9.0])), ("a", "b"), (2, 3), None, "kind")
RANKS = Meaning(learn_coding(np.arange(12.0).reshape(4, 3), "quantile", 2), ("x", "y"), (3,), ("p", "q", "r"))


@pytest.mark.parametrize("meaning", [RANGE, RANKS], ids=["range", "ranks"])
def test_there_and_back(meaning):
    found = meaning_of("s.h5", meaning.kept())
    for name in ("classes", "shape", "features", "label"):
        assert getattr(found, name) == getattr(meaning, name)
    samples = np.random.default_rng(0).uniform(-2, 14, (20, int(np.prod(meaning.shape))))
    np.testing.assert_array_equal(found.coding(samples), meaning.coding(samples))


@pytest.mark.parametrize(
    "change",
    [
        {"classes": [1, 2]}, {"shape": [2, 4]}, {"shape": "no"}, {"fields": 0}, {"fields": "2"}, {"label": 3},
        {"scaler": "other"}, {"features": ["p"]}, {"classes": None},
    ],
    ids=str,
)  # fmt: skip
def test_a_damaged_meaning_is_refused(change):
    kept = RANKS.kept()
    about = json.loads(kept[ABOUT].tobytes()) | change
    kept[ABOUT] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    with pytest.raises(CheckpointError, match=r"s\.h5: damaged, what it says of samples"):
        meaning_of("s.h5", kept)


@pytest.mark.parametrize("limits", [np.zeros(3), np.zeros((4, 2)), np.full((4, 3), np.nan), np.zeros((4, 3), int)])
def test_damaged_limits_are_refused(limits):
    with pytest.raises(CheckpointError, match="damaged"):
        meaning_of("s.h5", RANKS.kept() | {LIMITS: limits})
    with pytest.raises(CheckpointError, match="damaged"):
        meaning_of("s.h5", RANKS.kept() | {ABOUT: np.frombuffer(b"\xff{", np.uint8)})


def test_what_a_program_keeps_goes_with_saved_states(tmp_path):
    network = Network.model_validate(
        {
            "inputs": [{"name": "R", "kind": "noise", "size": 3, "noise": 0.5, "steps": 20}],
            "populations": [{"name": "N", "size": 2}],
            "projections": [{"source": "R", "target": "N", "connection": "all_to_all", "weight": 1}],
        }
    )
    first, second = (Session(network, engine="reference") for _ in range(2))
    first.kept = {"own/notes": np.arange(3)}
    first.run(10)
    first.save(tmp_path / "s.h5")
    second.load(tmp_path / "s.h5")
    assert {name: array.tolist() for name, array in second.kept.items()} == {"own/notes": [0, 1, 2]}
    assert second.result().digest == first.result().digest
    Session(network, engine="reference").save(tmp_path / "none.h5")
    second.load(tmp_path / "none.h5")
    assert second.kept == {}


# -------------------------------------------------------------------- division


def given_of(tmp_path, labels):
    np.savez(tmp_path / "s.npz", X=np.arange(len(labels) * 3.0).reshape(-1, 3), y=labels)
    return read(tmp_path / "s.npz", Wanted())


def test_of_every_class_the_same_share_is_held_out(tmp_path):
    given = given_of(tmp_path, ["b"] * 10 + ["a"] * 20 + ["c"])
    made = lesson(given, Choices(test_share=0.3))
    assert made.meaning.classes == ("a", "b", "c")
    taught, tested = np.split(made.labels, [made.n_train])
    assert np.bincount(taught).tolist() == [14, 7, 1]  # never all of a class
    assert np.bincount(tested, minlength=3).tolist() == [6, 3, 0]
    rows = {image.tobytes() for image in made.images}
    assert len(rows) == len(made.images)  # every sample once
    other = lesson(given, Choices(test_share=0.3, seed=1))
    assert sorted(other.images.tolist()) != made.images.tolist() != other.images.tolist()
    assert lesson(given, Choices(test_share=0.3)).images.tolist() == made.images.tolist()
    assert len(taught) == len(lesson(given, Choices(test_share=0)).labels) - 9


def test_every_pass_has_the_same_samples_in_another_order(tmp_path):
    given = given_of(tmp_path, ["b"] * 10 + ["a"] * 20)
    once, thrice = (lesson(given, Choices(passes=n)) for n in (1, 3))
    assert (once.n_train, thrice.n_train, len(thrice.images)) == (24, 72, 78)
    first, *others, tested = np.split(thrice.images, [24, 48, 72])
    np.testing.assert_array_equal(np.concatenate([first, tested]), once.images)
    orders = [part.tolist() for part in (first, *others)]
    assert sorted(orders[0]) == sorted(orders[1]) == sorted(orders[2])
    assert orders[0] != orders[1] != orders[2] != orders[0]
    label = {image.tobytes(): kind for image, kind in zip(once.images, once.labels, strict=True)}
    assert [label[image.tobytes()] for image in thrice.images] == thrice.labels.tolist()
    assert thrice.network == once.network


def test_scaling_is_learnt_from_training_samples_alone(tmp_path):
    x = np.concatenate([np.tile([[0.0, 4.0]], (8, 1)), [[90.0, -50.0]] * 2])
    np.savez(tmp_path / "s.npz", x_train=x[:8], y_train=[0, 1] * 4, x_test=x[8:], y_test=[0, 1])
    made = lesson(read(tmp_path / "s.npz", Wanted()), Choices(scaler="range"))
    assert made.meaning.coding.limits.tolist() == [0, 4]


def test_the_order_of_numbers_and_of_texts(tmp_path):
    assert lesson(given_of(tmp_path, [10, 9, 2] * 4), Choices()).meaning.classes == ("2", "9", "10")
    assert lesson(given_of(tmp_path, ["v10", "v9"] * 4), Choices()).meaning.classes == ("v10", "v9")
    assert lesson(given_of(tmp_path, [1.0, 2.0] * 4), Choices()).meaning.classes == ("1", "2")


# ---------------------------------------------------------------------- tables


def test_cells_are_read_as_they_stand(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b'\xef\xbb\xbf"a, b";c;kind\r\n1.5; 2e3 ;"x ""y"""\r\n\r\n;; \r\n-.25;7;z\r\n')
    given = read(path, Wanted("kind"))
    assert given.features == ("a, b", "c")
    assert given.train.values.tolist() == [[1.5, 2000], [-0.25, 7]]
    assert given.train.labels == ('x "y"', "z")
    assert given.train.places == (f"{path}:2", f"{path}:5")
    path.write_text("a\tb\tlabel\n1\t2\tp\n")
    assert read(path, Wanted()).label == "label"


def test_a_digest_is_of_what_is_learnt(tmp_path):
    rows = clusters(6)
    plain, packed = write_table(tmp_path / "a.csv", rows), write_table(tmp_path / "b.csv.gz", rows)
    one, other = (read(path, Wanted("kind")).used for path in (plain, packed))
    assert one.sha256 == other.sha256
    assert read(write_table(tmp_path / "c.csv", rows[:5]), Wanted("kind")).used.sha256 != one.sha256


@pytest.mark.parametrize("number", [0x110000, 0xD800, 0xDFFF])
def test_texts_in_archives_that_are_none(tmp_path, number):
    """Numbers that stand for no character, which NumPy keeps but no text can hold."""
    labels = np.array(["ab"] * 4)
    labels.view(np.uint32)[0] = number
    np.savez(tmp_path / "s.npz", X=shapes(4)[0], y=labels)
    with pytest.raises(DataError, match=r"s\.npz: cannot be read as an archive"):
        read(tmp_path / "s.npz", Wanted())
