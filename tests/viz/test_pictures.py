"""`colanet picture` and `colanet run --fields`: what they read, what they draw, what they refuse."""

import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from colanet import config, viz
from colanet.encoding import build_sources
from colanet.errors import CheckpointError, ConfigError, DataError
from colanet.session import Recording, Session
from colanet.storage import write_h5
from colanet.viz import sources

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "tests" / "plan" / "published.nnc"
PERIOD = 15


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A session after 60 images, with its saved state and its results."""
    folder = tmp_path_factory.mktemp("trained")
    session = Session(config.load(CONFIG), train=60, test=0, copies=2, threads=1)
    result = session.run()
    session.save(folder / "state.h5")
    session.write_results(folder / "results.h5", result)
    return session, folder


@pytest.fixture
def drawn(monkeypatch):
    """The figures that are saved, as well as their files."""
    figures, save = [], viz.save
    monkeypatch.setattr(viz, "save", lambda figure, path: (figures.append(figure), save(figure, path)))
    return figures


def outcome(path, fields, tasks=("mnist", "letters"), columns=2):
    """A file as `colanet continual` writes it, as far as pictures need it."""
    write_h5(
        path, {"fields": fields.astype(np.float16)},
        {"kind": "outcome", "tasks": json.dumps(list(tasks)), "columns": columns},
    )  # fmt: skip
    return path


# -------------------------------------------------------------------------- from a state


def test_fields_of_a_state_are_the_sessions_weights(trained):
    session, folder = trained
    found = sources.read_fields(folder / "state.h5", copy=1)
    np.testing.assert_array_equal(found.weights[0], session.weights("R->L", 1))
    assert (found.columns, found.shape, found.labels) == (10, (28, 28), tuple("0123456789"))
    changed = session.resources("R->L", 1) != Session(config.load(CONFIG), copies=2, train=1).resources("R->L", 1)
    np.testing.assert_array_equal(found.used[0], changed.any(axis=0))
    assert 10 <= found.used.sum() < 150


def test_the_picture_of_a_state(call, trained, drawn, tmp_path):
    _, folder = trained
    status, out, err = call("picture", "fields", folder / "state.h5", "--out", tmp_path / "a.png", "--labels",
                            ",".join("ABCDEFGHIJ"))  # fmt: skip
    assert (status, out, err) == (0, "", f"wrote {tmp_path / 'a.png'}\n")
    ax = next(a for a in drawn[0].axes if a.images)
    unused = next(c for c in ax.collections if c.get_gid() == "unused")
    assert len(unused.get_segments()) == 2 * (150 - sources.read_fields(folder / "state.h5").used.sum())
    assert [t.get_text() for t in ax.get_yticklabels()] == list("ABCDEFGHIJ")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_several_files_stand_side_by_side(call, trained, drawn, tmp_path):
    _, folder = trained
    state = folder / "state.h5"
    assert call("picture", "fields", state, state, "--copy", 1, "--out", tmp_path / "a.pdf")[0] == 0
    assert [ax.get_title() for ax in drawn[0].axes if ax.images] == ["state", "state"]


def test_run_draws_the_fields_at_the_end(call, tmp_path):
    picture, state = tmp_path / "new" / "fields.png", tmp_path / "state.h5"
    small = ["--train", 60, "--test", 0, "--copies", 1, "--quiet", "--json"]
    status, out, err = call("run", CONFIG, *small, "--fields", picture, "--save", state)
    assert (status, err) == (0, "")
    assert json.loads(out)["train_images"] == 60
    call("picture", "fields", state, "--out", tmp_path / "again.png")
    assert picture.read_bytes() == (tmp_path / "again.png").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--fields", "fields.doc"], "fields.doc: expected a file that ends in"),
        (["--fields", "file/fields.png"], "file: cannot be made a folder"),
    ],
)
def test_run_refuses_a_picture_it_could_not_draw_before_it_starts(call, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    status, out, err = call("run", CONFIG, "--train", 60, "--test", 0, *arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_run_refuses_fields_of_a_network_that_learns_nothing(call, tmp_path):
    status, _, err = call("run", ROOT / "configs" / "single_neuron.yaml", "--fields", tmp_path / "a.png")
    assert status == 2
    assert err == (
        "receptive fields: plastic projections from an input: none; expected one of them\n"
    )
    assert not list(tmp_path.iterdir())


# ------------------------------------------------------------- from a run of continual


def test_fields_of_a_run_after_each_task(call, drawn, tmp_path):
    fields = np.random.default_rng(0).normal(size=(2, 16, 6))
    fields[0, :, 4] = 0
    path = outcome(tmp_path / "run.h5", fields)
    assert call("picture", "fields", path, "--out", tmp_path / "a.png")[0] == 0
    left, right = (ax for ax in drawn[0].axes if ax.images)
    assert (left.get_title(), right.get_title()) == ("after mnist (task 1)", "after letters (task 2)")
    counts = [
        len(next(c for c in ax.collections if c.get_gid() == "unused").get_segments()) for ax in (left, right)
    ]
    assert counts == [2, 0]


def test_of_many_tasks_the_first_and_the_last_unless_asked(tmp_path):
    fields = np.arange(5)[:, None, None] + np.random.default_rng(0).random((5, 6, 4))
    path = outcome(tmp_path / "run.h5", fields, [f"t{k}" for k in range(5)])
    found = sources.read_fields(path, shape=(2, 3))
    assert found.titles == ("after t0 (task 1)", "after t4 (task 5)")
    assert found.shape == (2, 3)
    assert np.floor(found.weights).min(axis=(1, 2)).tolist() == [0, 4]
    some = sources.read_fields(path, shape=(2, 3), tasks=[2, 3])
    assert some.titles == ("after t1 (task 2)", "after t2 (task 3)")
    joint = outcome(tmp_path / "joint.h5", fields[:1], ["a", "b"])
    assert sources.read_fields(joint, shape=(2, 3)).titles == ("all tasks together",)


def test_fields_of_a_real_run(tmp_path):
    """The file that colanet continual itself writes."""
    from colanet.continual.results import write_outcome
    from colanet.continual.runner import run_one
    from tests.continual.toys import experiment, tasks

    made = tasks()
    run = run_one(experiment(), 0, tasks=made, threads=1)
    write_outcome(tmp_path / "run.h5", experiment(), "{}", [t.name for t in made], run)
    found = sources.read_fields(tmp_path / "run.h5")
    np.testing.assert_array_equal(found.weights, run.fields.astype(np.float16))
    assert (found.columns, found.shape, len(found.titles)) == (10, (28, 28), 3)
    found.draw()


def test_a_part_of_a_source_has_its_parts():
    """Which a saved network with features gives the features it has learnt."""
    source = build_sources(config.load(CONFIG).inputs, n_train=1, n_test=1).sources[0]
    assert sources.From(source, 20).parts is source.parts


# -------------------------------------------------------------------------------- errors


def test_files_that_hold_no_fields(trained, tmp_path):
    _, folder = trained
    with pytest.raises(CheckpointError, match="results hold no weights; give the state that colanet run --save"):
        sources.read_fields(folder / "results.h5")
    with pytest.raises(CheckpointError, match="no such file"):
        sources.read_fields(tmp_path / "none.h5")
    (tmp_path / "text.h5").write_text("not HDF5")
    with pytest.raises(CheckpointError, match="not a readable HDF5 file"):
        sources.read_fields(tmp_path / "text.h5")
    with pytest.raises(CheckpointError, match="a comparison method has none"):
        sources.read_fields(outcome(tmp_path / "a.h5", np.zeros((0, 0, 0))))
    write_h5(tmp_path / "b.h5", {"fields": np.ones((1, 4, 2))}, {"kind": "outcome"})
    with pytest.raises(CheckpointError, match="damaged"):
        sources.read_fields(tmp_path / "b.h5")
    write_h5(tmp_path / "c.h5", {}, {"kind": "study"})
    with pytest.raises(CheckpointError, match="found study"):
        sources.read_fields(tmp_path / "c.h5")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--copy", "2"], "copy 2: expected 0..1"),
        (["--projection", "L->L"], "plastic projections from an input: R->L; expected not L->L"),
        (["--task", "1"], "a saved state has no tasks"),
        (["--shape", "28"], "--shape 28: expected HEIGHTxWIDTH"),
        (["--shape", "20x20"], "expected 20 x 20 pixels a neuron"),
        (["--labels", "a,b"], "expected 10 labels"),
        (["--out", "a.doc"], "a.doc: expected a file that ends in"),
    ],
)
def test_wrong_options_are_one_line_and_leave_no_file(call, trained, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    status, out, err = call("picture", "fields", trained[1] / "state.h5", "--out", "a.png", *arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1
    assert not os.listdir(tmp_path)


def test_options_of_runs(tmp_path):
    path = outcome(tmp_path / "run.h5", np.ones((2, 16, 6)))
    with pytest.raises(ConfigError, match=r"task 3: .*tasks 1\.\.2"):
        sources.read_fields(path, tasks=[3])
    with pytest.raises(ConfigError, match="one projection of copy 0"):
        sources.read_fields(path, copy=1)
    odd = outcome(tmp_path / "odd.h5", np.ones((2, 15, 6)))
    with pytest.raises(ConfigError, match="15 pixels are no square; say the shape, HEIGHT x WIDTH"):
        sources.read_fields(odd)
    with pytest.raises(DataError, match="networks of different size"):
        sources.side_by_side([sources.read_fields(path), sources.read_fields(odd, shape=(3, 5))])


def test_a_population_without_columns_is_drawn_too(tmp_path):
    found = sources.read_fields(
        outcome(tmp_path / "a.h5", np.random.default_rng(0).random((1, 16, 3)), ["a"], columns=0)
    )
    assert found.columns == 1
    found.draw()


# -------------------------------------------------------------------------------- raster


def test_the_first_image_alone_has_the_spikes_of_a_run(drawn, call, tmp_path):
    session = Session(
        config.load(CONFIG), train=1, test=0, copies=1, recording=Recording(("R", "Target", "L", "OUT"))
    )
    session.run()
    assert call("picture", "raster", CONFIG, "--out", tmp_path / "a.png")[0] == 0
    axes = {ax.get_ylabel(): ax for ax in drawn[0].axes}
    for name in ("R", "Target", "L", "OUT"):
        marks = axes[name].collections[0].get_offsets()
        np.testing.assert_array_equal(np.sort(marks, axis=0), np.sort(session.spikes(name), axis=0))
    assert drawn[0].get_suptitle() == "training image 0: 5"
    assert list(axes) == ["R", "Target", "L", "OUT", "BIASGATE"]


def test_an_image_is_shown_as_in_the_stream():
    whole = build_sources(config.load(CONFIG).inputs, base_dir=CONFIG.parent)
    shown = sources.only(whole, 3, 2)
    for source, alone in zip(whole.sources, shown.sources, strict=True):
        first, ours = source.spikes(3 * PERIOD, 5 * PERIOD), alone.spikes(0, 2 * PERIOD)
        np.testing.assert_array_equal(first[0], ours[0])
        np.testing.assert_array_equal(first[1], ours[1])
        assert (alone.name, alone.size) == (source.name, source.size)
    assert (shown.n_train, shown.n_test, shown.n_steps, shown.learning_time) == (2, 0, 2 * PERIOD, 2 * PERIOD)
    assert shown.labels.tolist() == whole.labels[3:5].tolist()


def test_test_images_come_without_label_and_leave_the_trained_network_alone(drawn, call, trained, tmp_path):
    status, _, err = call("picture", "raster", CONFIG, "--image", 60000, "--count", 2, "--copy", 1, "--load",
                          trained[1] / "state.h5", "--out", tmp_path / "a.png")  # fmt: skip
    assert status == 0, err
    axes = {ax.get_ylabel(): ax for ax in drawn[0].axes}
    assert len(axes["Target"].collections[0].get_offsets()) == 0
    assert len(axes["R"].collections[0].get_offsets()) > 100
    assert drawn[0].get_suptitle() == "test images 60000 to 60001: 7, 2"
    session = Session(
        config.load(CONFIG), copies=2, train=0, test=2, recording=Recording(("L",)), engine="reference"
    )
    session.load(trained[1] / "state.h5")
    session.run()
    np.testing.assert_array_equal(axes["L"].collections[0].get_offsets(), session.spikes("L", 1))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([CONFIG, "--image", "70000"], "image 70000: 1 from there on, but there are 70000 images"),
        ([CONFIG, "--image", "69999", "--count", "2"], "image 69999: 2 from there on"),
        ([CONFIG, "--set", "copies"], "--set copies: expected FIELD=VALUE"),
        ([CONFIG, "--load", "none.h5"], "none.h5: no such file"),
        ([CONFIG, "--out", "a.doc"], "a.doc: expected a file"),
        ([ROOT / "configs" / "single_neuron.yaml"], "there are no labelled images to show one of"),
    ],
)
def test_wrong_rasters_are_one_line(call, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    status, out, err = call("picture", "raster", "--out", "a.png", *arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1
    assert not os.listdir(tmp_path)


def test_figures_are_shown_by_notebooks_and_travel_between_processes():
    figure = viz.learning_curve(np.ones(100), window=10)
    again = pickle.loads(pickle.dumps(figure))
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert again._repr_png_().startswith(b"\x89PNG")
