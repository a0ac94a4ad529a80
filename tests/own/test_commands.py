"""`colanet train` and `colanet predict` on each kind of own data, from files to answers."""

import json

import numpy as np
import pytest

from colanet import config
from colanet.checkpoints import saved
from colanet.estimator.meaning import meaning_of
from tests.own.made import (
    KINDS,
    SMALL,
    answers_in,
    clusters,
    shapes,
    without,
    write_idx,
    write_pictures,
    write_table,
)


@pytest.fixture
def train(call, tmp_path, monkeypatch):
    """A `colanet train` that must succeed, in a folder of its own; its JSON result."""
    monkeypatch.chdir(tmp_path)

    def short(data, *arguments):
        status, out, err = call("train", data, *SMALL, "--quiet", "--json", *arguments)
        assert (status, without(err, "few training samples")) == (0, "")
        return json.loads(out)

    return short


@pytest.fixture
def predict(call):
    def rows(*arguments):
        status, out, err = call("predict", *arguments, "--threads", 1)
        assert status == 0, err
        return answers_in(out), without(err, "outside of what was learnt")

    return rows


def test_a_table(train, predict, tmp_path):
    data = write_table(tmp_path / "leaves.csv", clusters(60))
    result = train(data, "--label", "kind", "--drop", "number")
    assert result["classes"] == ["left", "right"]
    assert (result["train_images"], result["test_images"]) == (48, 12)
    assert result["accuracy"] >= 0.9
    assert result["data"][0]["name"] == "leaves.csv"
    new = clusters(20, seed=1)
    answers, err = predict("leaves.state.h5", write_table(tmp_path / "new.csv.gz", new))
    assert list(answers[0]) == ["sample", "answer", "votes_left", "votes_right"]
    assert [row["sample"] for row in answers] == list(map(str, range(20)))
    right = sum(row["answer"] == kind for row, (*_, kind) in zip(answers, new, strict=True))
    assert right >= 18
    assert err == f"accuracy    {100 * right / 20:.2f} % of 20 samples with a label\n"
    for row in answers:
        votes = {name: int(row[f"votes_{name}"]) for name in ("left", "right")}
        assert max(votes.values()) == votes.get(row["answer"], 0)


def test_columns_are_told_by_their_names(train, predict, tmp_path):
    train(write_table(tmp_path / "a.csv", clusters(30)), "--label", "kind", "--drop", "number")
    rows = clusters(8, seed=1)
    other = [(kind, "x", wide, long) for long, wide, _, kind in rows]
    turned, _ = predict("a.state.h5", write_table(tmp_path / "b.csv", other, ("kind", "note", "wide", "long")))
    plain, _ = predict("a.state.h5", write_table(tmp_path / "c.csv", rows))
    assert turned == plain
    unlabelled = [row[:3] for row in rows]
    again, err = predict("a.state.h5", write_table(tmp_path / "d.csv", unlabelled, ("long", "wide", "number")))
    assert (again, err) == (plain, "")


def test_columns_that_name_the_samples_stand_before_the_answers(train, call, tmp_path):
    train(write_table(tmp_path / "a.csv", clusters(30)), "--label", "kind", "--drop", "number")
    rows = [(f'"no. {i}, old"', *row) for i, row in enumerate(clusters(6, seed=1))]
    header = ("leaf", "long", "wide", "number", "kind")
    data = write_table(tmp_path / "new.csv", [*rows[:2], ("",) * 5, *rows[2:]], header)
    words = ("--keep", "number", "--keep", "leaf", "--keep", "number", "--out", "answers.csv", "--threads", 1)
    status, out, err = call("predict", "a.state.h5", data, *words)
    assert (status, out) == (0, "")
    answers = answers_in((tmp_path / "answers.csv").read_text())
    assert list(answers[0]) == ["number", "leaf", "sample", "answer", "votes_left", "votes_right"]
    assert [row["leaf"] for row in answers] == [f"no. {i}, old" for i in range(6)]
    assert [row["number"] for row in answers] == [row["sample"] for row in answers] == list("012345")
    empty = sum(not row["answer"] for row in answers)
    assert f"6 answers written, {empty} empty\n" in err


def test_a_folder_of_pictures(train, predict, tmp_path):
    pytest.importorskip("PIL", reason='pip install "colanet[images]" brings Pillow')
    result = train(write_pictures(tmp_path / "shapes", 90))
    assert result["classes"] == sorted(KINDS)
    assert result["test_images"] == 18
    assert result["accuracy"] >= 0.8
    flat = write_pictures(tmp_path / "new", 12, seed=5, flat=True)
    answers, err = predict("shapes.state.h5", flat)
    assert err == ""
    assert [row["sample"] for row in answers] == [f"{i:03d}.png" for i in range(12)]
    assert sum(row["answer"] == KINDS[i % 3] for i, row in enumerate(answers)) >= 9
    one, _ = predict("shapes.state.h5", flat / "003.png")
    assert one == [answers[3]]
    in_folders, err = predict("shapes.state.h5", write_pictures(tmp_path / "again", 12, seed=5, mode="RGB"))
    assert {row["sample"].split("/")[1]: row["answer"] for row in in_folders} == {
        row["sample"]: row["answer"] for row in answers
    }
    assert err.startswith("accuracy")


@pytest.mark.parametrize(
    "names", [("X", "y"), ("arr_0", "arr_1"), ("images", "labels"), ("pictures", "target")], ids=str
)
def test_an_archive(train, predict, tmp_path, names):
    pictures, kinds = shapes(60)
    np.savez(tmp_path / "shapes.npz", **dict(zip(names, (pictures / 255, np.array(KINDS)[kinds]), strict=True)))
    result = train("shapes.npz")
    assert result["classes"] == sorted(KINDS)
    answers, err = predict("shapes.state.h5", "shapes.npz")
    assert len(answers) == 60
    assert err.endswith("% of 60 samples with a label\n")
    np.savez(tmp_path / "new.npz", X=pictures[:5] / 255)
    alone, err = predict("shapes.state.h5", "new.npz")
    assert (alone, err) == (answers[:5], "")


def test_an_archive_with_a_test_part(train, predict, tmp_path):
    parts = zip(("train", "test"), (shapes(45), shapes(15, seed=3)), strict=True)
    np.savez(tmp_path / "s.npz", **{f"{n}_{p}": a for p, both in parts for n, a in zip("xy", both, strict=True)})
    result = train("s.npz")
    assert result["classes"] == ["0", "1", "2"]
    assert (result["train_images"], result["test_images"]) == (45, 15)
    assert len(predict("s.state.h5", "s.npz")[0]) == 15


def test_idx_files(train, predict, tmp_path):
    folder = write_idx(tmp_path / "own", 60, 12)
    result = train(folder)
    assert (result["train_images"], result["test_images"]) == (60, 12)
    answers, err = predict("own.state.h5", folder)
    right = sum(int(row["answer"] or -1) == i % 3 for i, row in enumerate(answers))
    assert right / 12 == result["accuracy"]
    assert err == f"accuracy    {100 * right / 12:.2f} % of 12 samples with a label\n"
    one = train(folder / "train-images-idx3-ubyte")
    assert (one["train_images"], one["test_images"]) == (48, 12)


def test_what_was_held_out_is_answered_as_it_was_tested(train, predict, tmp_path):
    """The votes of a sample do not depend on what is shown before it, nor on when."""
    pictures, kinds = shapes(40)
    train_part, test_part = slice(30), slice(30, None)
    np.savez(
        tmp_path / "s.npz", x_train=pictures[train_part], y_train=kinds[train_part], x_test=pictures[test_part],
        y_test=kinds[test_part],
    )  # fmt: skip
    result = train("s.npz")
    np.savez(tmp_path / "turned.npz", X=pictures[:29:-1], y=kinds[:29:-1])
    answers, _ = predict("s.state.h5", "s.npz")
    turned, _ = predict("s.state.h5", "turned.npz")
    votes = [[value for name, value in row.items() if name != "sample"] for row in answers]
    assert [[value for name, value in row.items() if name != "sample"] for row in turned] == votes[::-1]
    right = sum(row["answer"] == str(kind) for row, kind in zip(answers, kinds[30:], strict=True))
    assert right == 10 * result["accuracy"]


# ------------------------------------------------------------------ going on


@pytest.mark.parametrize("passes", [1, 3])
def test_the_configuration_learns_the_same_bits(train, call, tmp_path, passes):
    pictures, kinds = shapes(30)
    np.savez(tmp_path / "s.npz", X=pictures, y=kinds)
    result = train("s.npz", "--save-config", "net.yaml", "--seed", 3, "--passes", passes)
    assert (result["train_images"], result["test_images"]) == (24 * passes, 6)
    status, out, err = call("run", "net.yaml", "--seed", 3, "--threads", 1, "--quiet", "--json")
    assert (status, err) == (0, "")
    again = json.loads(out)
    assert {name: again[name] for name in ("digest", "confusion", "steps")} == {
        name: result[name] for name in ("digest", "confusion", "steps")
    }


def test_a_run_that_goes_on_from_a_state_keeps_what_it_means(train, predict, call, tmp_path):
    pictures, kinds = shapes(30)
    np.savez(tmp_path / "s.npz", X=pictures, y=kinds)
    train("s.npz", "--save-config", "net.yaml")
    words = ("--load", "s.state.h5", "--save", "more.h5", "--threads", 1, "--quiet")
    assert call("run", "net.yaml", *words)[0] == 0
    assert len(predict("more.h5", "s.npz")[0]) == 30
    assert call("damage", "more.h5", "--dead-synapses", 0.1, "--out", "less.h5")[0] == 0
    assert len(predict("less.h5", "s.npz")[0]) == 30


def test_a_network_of_ones_own(train, predict, call, tmp_path):
    pictures, kinds = shapes(30)
    np.savez(tmp_path / "s.npz", X=pictures, y=kinds)
    train("s.npz", "--save-config", "net.yaml")
    network = config.override(config.load("net.yaml"), "population.L.tau_m", "9")
    config.save(network, "mine.yaml")
    words = ("--network", "mine.yaml", "--save", "mine.h5", "--threads", 1, "--quiet")
    status, _, err = call("train", "s.npz", *words)
    assert (status, err) == (0, "")
    assert saved("mine.h5").plan.description.population("L").tau_m == 9
    assert len(predict("mine.h5", "s.npz")[0]) == 30


def test_the_state_says_all_that_answers_need(train, tmp_path):
    data = write_table(tmp_path / "leaves.csv", clusters(40))
    train(data, "--label", "kind", "--drop", "number", "--scaler", "quantile")
    meaning = meaning_of("leaves.state.h5", saved("leaves.state.h5").kept)
    assert meaning.features == ("long", "wide")
    assert (meaning.classes, meaning.label, meaning.shape) == (("left", "right"), "kind", (2,))
    assert (meaning.coding.scaler, meaning.coding.limits.shape[1]) == ("quantile", 2)


def test_what_is_printed(call, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    np.savez("s.npz", **dict(zip("Xy", shapes(30), strict=True)))
    status, out, err = call("train", "s.npz", *SMALL, "--fields", "s.png", "--save", "there/s.h5")
    assert status == 0
    lines = out.splitlines()
    assert lines[0] == "classes     0, 1, 2"
    assert lines[1].startswith("accuracy    ")
    assert [line.split()[0] for line in lines[-4:]] == ["data", "time", "engine", "digest"]
    assert lines[-4].startswith("data        s.npz, sha256 ")
    assert "24 training and 6 test samples" in err
    assert "30/30 samples, " in err
    assert "accuracy while learning " in err
    assert "image" not in out + err
    assert (tmp_path / "s.png").stat().st_size > 1000
    assert (tmp_path / "there" / "s.h5").exists()
    assert not list(tmp_path.glob("*.h5"))
