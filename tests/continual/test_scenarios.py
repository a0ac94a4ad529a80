"""Tasks of some classes, turned tasks, and runs that are not tested on everything after every task."""

from dataclasses import replace

import numpy as np
import pytest

from colanet import datasets
from colanet.continual import outcome as outcomes
from colanet.continual.checkpoint import Checkpoint, fingerprint
from colanet.continual.metrics import metrics
from colanet.continual.results import Repeats, as_csv, as_json, as_markdown, load_outcome, write_outcome
from colanet.continual.run import Run
from colanet.continual.runner import run_one
from colanet.continual.sources import Schedule
from colanet.continual.tasks import make_tasks
from colanet.datasets.rotation import rotation
from colanet.errors import CheckpointError, ConfigError, DataError
from colanet.storage import read_h5, write_h5
from tests.continual import tiny

MNIST = {"dataset": "mnist", "train": 300, "test": 200}


def named(source, **fields):
    return make_tasks(tiny.experiment(tasks=[MNIST | source], **fields))


def rows_of(part, n, labels):
    """Images and labels of a part of MNIST, of the first n images those of some labels, in their order."""
    data = datasets.load("mnist")
    images, marks = getattr(data, f"{part}_images")[:n], getattr(data, f"{part}_labels")[:n]
    chosen = np.isin(marks, labels)
    return images[chosen].reshape(-1, 784), marks[chosen]


# --------------------------------------------------------------------- classes


def test_split_makes_tasks_of_neighbouring_classes_whose_labels_keep_their_columns():
    made = named({"split": 5})
    assert [task.name for task in made] == [f"mnist, classes {2 * k}/{2 * k + 1}" for k in range(5)]
    for k, task in enumerate(made):
        for part, n in (("train", 300), ("test", 200)):
            images, labels = rows_of(part, n, [2 * k, 2 * k + 1])
            np.testing.assert_array_equal(getattr(task, f"{part}_images"), images)
            np.testing.assert_array_equal(getattr(task, f"{part}_labels"), labels)
        assert task.classes == tuple("0123456789")
    assert sum(len(task.train_labels) for task in made) == 300


def test_a_label_may_be_the_place_in_the_classes():
    (task,) = named({"classes": [7, 3], "relabel": True})
    _, labels = rows_of("train", 300, [3, 7])
    np.testing.assert_array_equal(task.train_labels, np.where(labels == 7, 0, 1))
    assert task.classes == ("7", "3")
    parts = named({"classes": [3, 1, 4, 5], "split": 2, "relabel": True})
    assert [part.classes for part in parts] == [("3", "1"), ("4", "5")]
    assert all(set(part.test_labels) == {0, 1} for part in parts)
    assert [task.name for task in named({"split": 10})][9] == "mnist, class 9"


def test_validation_images_are_the_last_training_images_of_the_classes():
    (task,) = named({"classes": [4, 9]}, validation=100)
    images, labels = rows_of("train", 300, [4, 9])
    cut = len(rows_of("train", 200, [4, 9])[1])
    np.testing.assert_array_equal(task.train_images, images[:cut])
    np.testing.assert_array_equal(task.test_images, images[cut:])
    np.testing.assert_array_equal(task.test_labels, labels[cut:])
    (few,) = named({"classes": [4, 9], "test_every": 5})
    every = datasets.load("mnist").test_labels[:200:5]
    np.testing.assert_array_equal(few.test_labels, every[np.isin(every, [4, 9])])


def test_turned_then_permuted_and_divided():
    made = named({"repeat": 2, "rotation": 340, "rotation_step": 20, "permutation": 8, "split": 2})
    assert [task.name for task in made[1:3]] == [
        "mnist, rotation 340, permutation 8, classes 5/6/7/8/9",
        "mnist, rotation 360, permutation 9, classes 0/1/2/3/4",
    ]
    plain = named({"split": 2})
    turned = rotation((28, 28), -20)(plain[1].train_images)
    np.testing.assert_array_equal(made[1].train_images, turned[:, made[1].permutation])
    np.testing.assert_array_equal(made[3].test_images, plain[1].test_images[:, made[3].permutation])
    # Turned and permuted tasks share the images of their classes.
    assert made[1].train_originals is made[3].train_originals


@pytest.mark.parametrize(("source", "said"), [
    ({"split": 3}, "10 classes cannot be divided into 3 equal parts"),
    ({"classes": [1, 2, 3], "split": 2}, "3 classes cannot be divided into 2"),
    ({"classes": [1, 10]}, r"mnist has the classes 0\.\.9, not 10"),
    ({"classes": [1, 1]}, "a class is given twice"),
    ({"classes": []}, "classes"),
    ({"classes": [-1]}, "classes"),
    ({"relabel": True}, "relabel: needs classes or a split"),
    ({"split": 0}, "split"),
    ({"rotation": 1.5}, "rotation"),
    ({"rotation_step": 20}, "needs a rotation"),
    ({"rotation": 0, "rotation_step": 20}, "needs a repeat"),
    ({"rotation": 20, "repeat": 2}, "would all be the same"),
    ({"split": 10, "train": 3}, "there are no training images of these classes"),
    ({"split": 10, "test": 3}, "there are no test images of these classes"),
])  # fmt: skip
def test_refusals(source, said):
    with pytest.raises((ConfigError, DataError), match=said):
        named(source)


def test_tasks_of_unequal_numbers_of_classes_are_refused():
    sources = [{"dataset": "mnist", "classes": [0, 1, 2], "relabel": True}, {"dataset": "mnist", "split": 5}]
    with pytest.raises(ConfigError, match="10 classes, mnist, classes 0/1/2 of"):
        make_tasks(tiny.experiment(tasks=sources))


def test_a_test_of_some_classes_may_be_answered_with_any():
    o = run_one(tiny.experiment(tasks=[MNIST | {"split": 2, "train": 400}]), 0)
    # Row: true class, column: answer.
    first = o.confusion[1, 0]
    assert first[5:].sum() == 0
    assert first[:5, 5:].sum() > 0
    assert o.matrix[1, 0] == np.trace(first) / o.test_images[0]


# -------------------------------------------------------------------- schedule


def test_schedule_by_hand():
    assert Schedule(3).places(5).tolist() == [
        [0, 0], [2, 0], [2, 1], [2, 2], [4, 0], [4, 1], [4, 2], [4, 3], [4, 4],
    ]  # fmt: skip
    assert Schedule(1, 2).places(3).tolist() == [[0, 0], [1, 0], [1, 1], [2, 1], [2, 2]]
    assert Schedule(4, 2).places(6).tolist() == [[0, 0], [3, 2], [3, 3], [5, 4], [5, 5]]
    assert Schedule(2, 2).places(3, joint=True).tolist() == [[2, 1], [2, 2]]
    assert Schedule().places(2).tolist() == [[0, 0], [1, 0], [1, 1]]


FIVE = tiny.tasks(5, train=8, test=4)
SPARSE = {"test_after_every": 2, "test_last": 2}


def expected(whole, **fields):
    """What is tested of a run that is tested on everything."""
    places = tiny.experiment(**fields).schedule.places(len(whole), joint=fields.get("joint", False))
    left = np.full_like(whole, np.nan)
    left[tuple(places.T)] = whole[tuple(places.T)]
    return left


@pytest.mark.parametrize("fields", [
    {"test_after_every": 2}, {"test_last": 2}, SPARSE, {"test_after_every": 9}, {"joint": True, "test_last": 2},
], ids=str)  # fmt: skip
def test_fewer_tests_are_the_same_tests(fields):
    joint = {"joint": True} if fields.get("joint") else {}
    whole, few = (run_one(tiny.experiment(**f), 1, tasks=FIVE) for f in (joint, fields))
    assert few.digest == whole.digest
    for name in ("matrix", "unanswered"):
        np.testing.assert_array_equal(getattr(few, name), expected(getattr(whole, name), **fields))
    tested = ~np.isnan(few.matrix)
    all_counts, counts = np.asarray(whole.confusion), np.asarray(few.confusion)
    np.testing.assert_array_equal(counts[tested], all_counts[tested])
    assert counts[~tested].sum() == 0
    assert len(few.confusion.counts) == tested.sum()
    np.testing.assert_array_equal(few.fields, whole.fields)


class Killed(BaseException):
    """Stands for a kill: nothing in colanet catches it."""


def test_killed_anywhere_and_resumed_is_uninterrupted(tmp_path):
    described = tiny.experiment(**SPARSE, forward=True)
    calls = []
    whole = run_one(described, 3, tasks=FIVE, watch=lambda *call: calls.append(call))
    assert [done for done, _, text in calls if "before" not in text][-1] == calls[-1][1]
    for left in range(0, len(calls), 4):
        seen = iter(range(left))

        def watch(*_, seen=seen):
            if next(seen, None) is None:
                raise Killed

        with pytest.raises(Killed):
            run_one(described, 3, tasks=FIVE, checkpoint=tmp_path / "c.h5", every=5, watch=watch)
        tiny.same(run_one(described, 3, tasks=FIVE, checkpoint=tmp_path / "c.h5", resume=True), whole)
    assert not np.isnan(whole.matrix[[0, 1, 2, 3], [1, 2, 3, 4]]).any()


def test_comparison_methods_are_tested_alike():
    pytest.importorskip("torch")
    full, few = (run_one(tiny.experiment(method="backprop", **f), 0, tasks=FIVE) for f in ({}, SPARSE))
    np.testing.assert_array_equal(few.matrix, expected(full.matrix, **SPARSE))
    np.testing.assert_array_equal(few.confusion[4, 3], full.confusion[4, 3])
    assert few.confusion[1, 0].sum() == 4
    assert few.confusion[2, 1].sum() == 0


def test_tables_leave_out_what_is_not_defined(tmp_path):
    described = tiny.experiment(**SPARSE)
    few = run_one(described, 1, tasks=FIVE)
    part = Repeats(described, "", tuple("abcde"), (few,))
    assert part.metrics().keys() == {"last", "LA"}
    assert part.metrics()["last"][0] == few.matrix[4, 3:].mean()
    assert len(as_csv([part]).splitlines()) == 1 + 1 + 2 + 2 + 2
    text = as_markdown(described, [part], "c")
    assert "nan" not in text
    assert "| variant | seeds | last | LA |" in text
    assert as_json(described, [part], "c")["variants"][0]["metrics"].keys() == {"last", "LA"}
    write_outcome(tmp_path / "r.h5", described, "net", "abcde", few)
    found, _ = load_outcome(tmp_path / "r.h5")
    tiny.same(found, replace(few, fields=few.fields.astype(np.float16).astype(np.float32)))
    np.testing.assert_array_equal(found.test_images, [4] * 5)


# ------------------------------------------------------------------- long runs


def test_fields_of_long_runs_are_those_after_the_first_and_the_last_lesson(monkeypatch, tmp_path):
    from colanet.viz.sources import read_fields

    whole = run_one(tiny.experiment(), 1, tasks=FIVE)
    monkeypatch.setattr(outcomes, "FIELDS_KEPT", 4)
    long = run_one(tiny.experiment(), 1, tasks=FIVE)
    np.testing.assert_array_equal(long.fields, whole.fields[[0, 4]])
    assert all(field.any() for field in whole.fields)
    path = tmp_path / "r.h5"
    write_outcome(path, tiny.experiment(), "net", "abcde", long)
    assert read_fields(path).titles == ("after a (task 1)", "after e (task 5)")
    np.testing.assert_allclose(read_fields(path, tasks=[5]).weights[0], whole.fields[4], atol=1e-3)
    with pytest.raises(ConfigError, match=r"task 2: .* has fields after the tasks 1 and 5"):
        read_fields(path, tasks=[2])


def test_a_thousand_tasks_keep_little():
    """What a run keeps besides its network does not grow with the square of the tasks, nor with their images."""
    (one,) = tiny.tasks(1)
    many = [replace(one, permutation=np.random.default_rng(k).permutation(784)) for k in range(1000)]
    run = Run(tiny.experiment(test_after_every=100, test_last=5), many, 0, "numba", 1, None)
    assert len(run.book["confusion"]) == 1 + 10 * 5
    assert sum(array.nbytes for array in run.book.values()) < 1_000_000
    assert run.total == 1000 * 12 + 51 * 6


def test_a_checkpoint_knows_rotations_permutations_and_images(tmp_path):
    base = FIVE[:1]

    def of(**changes):
        return fingerprint(Run(tiny.experiment(), [replace(base[0], **changes)], 0, "numba", 1, None))

    images = base[0].train_originals.copy()
    images[0, 0] ^= 1
    prints = [
        of(), of(rotation=rotation((28, 28), 20)), of(rotation=rotation((28, 28), 40)),
        of(permutation=np.arange(784)), of(permutation=np.arange(784)[::-1].copy()), of(train_originals=images),
        of(test_labels=(base[0].test_labels + 1) % 10),
    ]  # fmt: skip
    assert len(set(prints)) == len(prints)
    assert of(train_originals=base[0].train_originals.copy()) == prints[0]


def test_a_checkpoint_of_other_tests_is_refused(tmp_path):
    def checkpoint(**fields):
        return Checkpoint(tmp_path / "c.h5", Run(tiny.experiment(**fields), FIVE, 0, "numba", 1, None))

    checkpoint(test_last=2).write()
    checkpoint(test_last=2).resume()
    with pytest.raises(CheckpointError, match="another experiment"):
        checkpoint(test_last=3).resume()


def test_results_of_older_versions_are_read(tmp_path):
    """They hold counts of every pair of tasks, and do not say how many test images a task has."""
    made = run_one(tiny.experiment(forward=True), 1, tasks=FIVE)
    write_outcome(tmp_path / "r.h5", tiny.experiment(), "net", "abcde", made)
    arrays, attributes = read_h5(tmp_path / "r.h5")
    del arrays["tests"], arrays["test_images"]
    write_h5(tmp_path / "old.h5", arrays | {"confusion": np.asarray(made.confusion)}, attributes)
    new, old = (load_outcome(tmp_path / name)[0] for name in ("r.h5", "old.h5"))
    tiny.same(old, new)
    np.testing.assert_array_equal(old.confusion.places, new.confusion.places)
    assert len(old.test_images) == 0
    assert metrics(old.matrix, images=old.test_images) == metrics(new.matrix, images=new.test_images)
    damage = ("tests", [[0, 5]]), ("tests", [[-1, 0]]), ("test_images", [1, 2]), ("test_images", [0] * 5)
    for name, wrong in damage:
        changed = read_h5(tmp_path / "r.h5")[0] | {name: np.array(wrong)}
        if name == "tests":
            changed["confusion"] = changed["confusion"][:1]
        write_h5(tmp_path / "bad.h5", changed, attributes)
        with pytest.raises(CheckpointError, match="damaged"):
            load_outcome(tmp_path / "bad.h5")


def test_counts_are_found_by_place():
    places, counts = np.array([[1, 0], [1, 1]]), np.arange(8).reshape(2, 2, 2)
    found = outcomes.Confusions(places, counts, 2)
    np.testing.assert_array_equal(found[-1, 0], counts[0])
    np.testing.assert_array_equal(found[1, -1], counts[1])
    assert found[0, 0].tolist() == [[0, 0], [0, 0]]
    assert found.shape == np.asarray(found).shape == (2, 2, 2, 2)
    with pytest.raises(IndexError):
        found[2, 0]
