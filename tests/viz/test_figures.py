"""Pictures: what stands in their axes, not how they look."""

import os
import sys

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from colanet import viz
from colanet.errors import BackendUnavailable, ConfigError, DataError, OutputError
from colanet.viz.curves import running_mean
from colanet.viz.fields import GAP

# Warnings of matplotlib about a picture, and of NumPy about numbers; not those of the libraries about each other.
pytestmark = pytest.mark.filterwarnings(
    "error::UserWarning",
    "error::RuntimeWarning",
    "ignore::DeprecationWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)


def drawn(figure):
    """Lay the figure out and draw it, so that whatever warns does so here."""
    figure.canvas.draw()
    return figure


def panels(figure):
    """Axes with an image or curves, not colour bars."""
    return [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]


def tile(ax, row, place, shape=(2, 3)):
    """The field at a place of a mosaic."""
    height, width = shape
    y, x = GAP + row * (height + GAP), GAP + place * (width + GAP)
    return np.ma.filled(ax.images[0].get_array(), np.nan)[y : y + height, x : x + width]


def crosses(ax):
    return len(next(c for c in ax.collections if c.get_gid() == "unused").get_segments()) // 2


def frames(ax):
    return len(next(c for c in ax.collections if c.get_gid() == "frames").get_segments())


WEIGHTS = np.random.default_rng(0).normal(size=(6, 8))


# ---------------------------------------------------------------------- receptive fields


def test_fields_stand_at_their_column_and_microcolumn():
    figure = drawn(viz.receptive_fields(WEIGHTS, 2, (2, 3), labels=["A", "B"]))
    (ax,) = [a for a in panels(figure) if a.images]
    for neuron in range(8):
        np.testing.assert_array_equal(tile(ax, neuron // 4, neuron % 4), WEIGHTS[:, neuron].reshape(2, 3))
    assert [t.get_text() for t in ax.get_yticklabels()] == ["A", "B"]
    assert (frames(ax), crosses(ax)) == (8, 0)
    low, high = ax.images[0].get_clim()
    assert low == -high
    assert np.abs(WEIGHTS).mean() < high <= np.abs(WEIGHTS).max()


def test_long_names_of_classes_have_room():
    """The names, drawn, lie within the figure; short ones leave it as it was."""
    plain, short, long = (
        drawn(viz.receptive_fields(WEIGHTS, 2, (2, 3), labels=labels))
        for labels in (None, ["A", "B"], ["Iris versicolor", "W" * 8])
    )
    assert plain.get_size_inches().tolist() == short.get_size_inches().tolist()
    for label in long.axes[0].get_yticklabels():
        assert label.get_window_extent().x0 > 0


def test_one_scale_for_all_and_two_colours():
    figure = viz.receptive_fields(WEIGHTS, 2, (2, 3))
    image = panels(figure)[0].images[0]
    red, blue, zero = (image.cmap(image.norm(v))[:3] for v in (0.5, -0.5, 0.0))
    assert red[0] > red[2]
    assert blue[2] > blue[0]
    assert min(zero) > 0.9


def test_neurons_that_have_learnt_nothing_are_empty_and_crossed():
    weights = WEIGHTS.copy()
    weights[:, 2], weights[:, 5] = 0.25, np.nan
    (ax,) = [a for a in panels(drawn(viz.receptive_fields(weights, 2, (2, 3)))) if a.images]
    assert (frames(ax), crosses(ax)) == (8, 2)
    assert np.isnan(tile(ax, 0, 2)).all()
    assert np.isnan(tile(ax, 1, 1)).all()
    assert not np.isnan(tile(ax, 0, 0)).any()


def test_the_caller_may_say_who_has_learnt():
    used = np.arange(8) != 3
    (ax,) = [a for a in panels(viz.receptive_fields(WEIGHTS, 2, (2, 3), used=used)) if a.images]
    assert crosses(ax) == 1
    assert np.isnan(tile(ax, 0, 3)).all()


def test_a_missing_synapse_is_a_hole_in_the_field():
    weights = WEIGHTS.copy()
    weights[4, 0] = np.nan
    (ax,) = [a for a in panels(viz.receptive_fields(weights, 2, (2, 3))) if a.images]
    assert np.isnan(tile(ax, 0, 0)).tolist() == [[False, False, False], [False, True, False]]
    assert crosses(ax) == 0


def test_permuted_pixels_go_back_to_their_places():
    """permuted[:, i] = original[:, permutation[i]], as `colanet.datasets.transform` does it."""
    order = np.random.default_rng(1).permutation(6)
    permuted = WEIGHTS.T[:, order].T
    (ax,) = [a for a in panels(viz.receptive_fields(permuted, 2, (2, 3), permutation=order)) if a.images]
    for neuron in range(8):
        np.testing.assert_array_equal(tile(ax, neuron // 4, neuron % 4), WEIGHTS[:, neuron].reshape(2, 3))


def test_stages_stand_side_by_side_each_with_its_permutation_and_its_unused():
    order = np.random.default_rng(1).permutation(6)
    first = WEIGHTS.copy()
    first[:, 7] = 0
    stages = np.stack([first, WEIGHTS[order]])
    figure = drawn(
        viz.receptive_fields(stages, 2, (2, 3), permutation=[None, order], titles=["one", "two"], title="both")
    )
    left, right = [a for a in panels(figure) if a.images]
    assert (left.get_title(), right.get_title(), figure.get_suptitle()) == ("one", "two", "both")
    assert (crosses(left), crosses(right)) == (1, 0)
    np.testing.assert_array_equal(tile(left, 0, 1), tile(right, 0, 1))
    assert left.images[0].get_clim() == right.images[0].get_clim()


def test_columns_of_different_size():
    owner = np.array([0, 0, 1, 2, 2, 2, 0, 2])
    (ax,) = [a for a in panels(viz.receptive_fields(WEIGHTS, owner, (2, 3))) if a.images]
    np.testing.assert_array_equal(tile(ax, 0, 2), WEIGHTS[:, 6].reshape(2, 3))
    np.testing.assert_array_equal(tile(ax, 2, 3), WEIGHTS[:, 7].reshape(2, 3))
    assert frames(ax) == 8
    assert np.isnan(tile(ax, 1, 1)).all()


def test_a_network_that_has_learnt_nothing_at_all():
    (ax,) = [a for a in panels(drawn(viz.receptive_fields(np.zeros((6, 8)), 2, (2, 3)))) if a.images]
    assert crosses(ax) == 8


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((WEIGHTS, 3, (2, 3)), {}, "8 neurons cannot be shared out evenly among 3 columns"),
        ((WEIGHTS, 0, (2, 3)), {}, "among 0 columns"),
        ((WEIGHTS, 2), {}, "expected 28 x 28 pixels a neuron"),
        ((WEIGHTS, np.zeros(7, int), (2, 3)), {}, "each of 8 neurons"),
        ((WEIGHTS, 2, (2, 3)), {"permutation": np.zeros(6, int)}, "the numbers 0..5, each once"),
        ((WEIGHTS, 2, (2, 3)), {"permutation": [None, None]}, "one for each of 1 stages, got 2"),
        ((WEIGHTS, 2, (2, 3)), {"used": np.ones(7, bool)}, "used: expected one value for each of 8"),
        ((WEIGHTS, 2, (2, 3)), {"labels": ["A"]}, "expected 2 labels"),
        ((WEIGHTS, 2, (2, 3)), {"titles": ["a", "b"]}, "1 titles"),
        ((np.array([["a"]]), 1, (1, 1)), {}, "weights: expected numbers"),
    ],
)
def test_arrays_that_do_not_fit(arguments, options, message):
    with pytest.raises(DataError) as caught:
        viz.receptive_fields(*arguments, **options)
    assert message in str(caught.value)


# ------------------------------------------------------------------------------ matrices

MATRIX = np.array([[0.9, np.nan, np.nan], [0.8, 0.95, np.nan], [0.5, 0.7, 1.0]])


def texts(ax):
    return {(round(t.get_position()[1]), round(t.get_position()[0])): t.get_text() for t in ax.texts}


def test_degradation_matrix_has_numbers_below_the_diagonal_and_nothing_above():
    ax = panels(drawn(viz.degradation_matrix(MATRIX)))[0]
    found = texts(ax)
    assert found == {
        (0, 0): "90.0",
        (1, 0): "80.0",
        (1, 1): "95.0",
        (2, 0): "50.0",
        (2, 1): "70.0",
        (2, 2): "100.0",
    }
    assert np.ma.getmaskarray(ax.images[0].get_array()).sum() == 3
    assert ax.images[0].get_clim() == (50.0, 100.0)
    assert [t.get_text() for t in ax.get_xticklabels()] == ["1", "2", "3"]


def test_degradation_matrix_with_spread_and_names():
    spread = np.where(np.isnan(MATRIX), np.nan, 0.012)
    spread[2, 2] = np.nan
    ax = panels(drawn(viz.degradation_matrix(MATRIX, names=["digits", "letters", "c"], spread=spread)))[0]
    assert texts(ax)[(1, 0)] == "80.0\n± 1.2"
    assert texts(ax)[(2, 2)] == "100.0"
    assert [t.get_text() for t in ax.get_yticklabels()] == ["digits", "letters", "c"]


def test_numbers_are_legible_on_their_cells():
    ax = panels(viz.degradation_matrix(MATRIX))[0]
    image = ax.images[0]
    for k, j in texts(ax):
        cell = np.dot(image.cmap(image.norm(100 * MATRIX[k, j]))[:3], (0.21, 0.72, 0.07))
        text = next(t for t in ax.texts if (round(t.get_position()[1]), round(t.get_position()[0])) == (k, j))
        assert abs(cell - np.dot(to_rgb(text.get_color()), (0.21, 0.72, 0.07))) > 0.4


def test_confusion_is_in_percent_of_the_class_with_a_column_for_no_answer():
    counts = [[8, 0, 2], [1, 3, 0], [0, 0, 0]]
    ax = panels(drawn(viz.confusion(counts, ["A", "B"])))[0]
    # The last row, images without a class, is left out; the last column are images without an answer.
    assert texts(ax) == {(0, 0): "80.0", (0, 2): "20.0", (1, 0): "25.0", (1, 1): "75.0"}
    assert [t.get_text() for t in ax.get_xticklabels()] == ["A", "B", "none"]
    empty = panels(drawn(viz.confusion([[0, 0], [1, 1]], ["A", "B"], ["a", "b"], "title")))[0]
    assert texts(empty) == {(1, 0): "50.0", (1, 1): "50.0"}
    assert empty.get_title() == "title"
    assert [t.get_text() for t in empty.get_xticklabels()] == ["a", "b"]


@pytest.mark.parametrize(
    "call",
    [
        lambda: viz.degradation_matrix(np.zeros((2, 3))),
        lambda: viz.degradation_matrix(MATRIX, names=["a"]),
        lambda: viz.degradation_matrix(MATRIX, spread=np.zeros((2, 2))),
        lambda: viz.degradation_matrix(np.zeros(3)),
        lambda: viz.confusion(np.zeros((3, 2)), ["A", "B"]),
        lambda: viz.confusion(np.zeros((2, 2)), ["A", "B"], ["a"]),
        lambda: viz.alpha_curves([1, 2], [0.1, 0.2], [0.1]),
        lambda: viz.alpha_curves([1], [0.1], [0.1], ([0.1],)),
        lambda: viz.capacity_curve([1, 2], {"a": [0.5]}),
        lambda: viz.level_curves({}),
        lambda: viz.level_curves({"x": ([0, 1], {"a": [0.5]})}),
        lambda: viz.learning_curve(),
        lambda: viz.learning_curve([0, 1], names=["a", "b"]),
        lambda: viz.comparison_bars(["a"], [0.5, 0.6], [0.1]),
        lambda: viz.raster({}, 20, 10),
        lambda: viz.raster({"L": [[1, 2]]}, 20, 21),
        lambda: viz.raster({"L": [[1, 2]]}, 20, 10, first=5),
    ],
)
def test_other_arrays_that_do_not_fit(call):
    with pytest.raises(DataError) as caught:
        call()
    assert "\n" not in str(caught.value)


# -------------------------------------------------------------------------------- curves


def lines(ax):
    return {line.get_label(): line.get_xydata() for line in ax.lines if not line.get_label().startswith("_")}


def test_alpha_curves_are_sorted_and_in_percent():
    figure = drawn(viz.alpha_curves([0.2, 0.1], [0.9, 0.8], [0.01, 0.3], ([0.01, 0.02], [0.0, 0.1])))
    (ax,) = panels(figure)
    curves = [c.lines[0].get_xydata().round(9).tolist() for c in ax.containers]
    assert curves == [[[0.1, 80], [0.2, 90]], [[0.1, 30], [0.2, 1]]]
    bars = ax.containers[0].lines[2][0].get_segments()[0]
    np.testing.assert_allclose(bars[:, 1], [78, 82])
    assert ax.get_xscale() == "linear"
    (wide,) = panels(drawn(viz.alpha_curves([0.001, 0.1], [0.9, 0.8], [0.01, 0.3])))
    assert wide.get_xscale() == "log"


def test_capacity_curve_is_the_mean_over_seeds_with_a_band():
    runs = [[1.0, 0.8, np.nan], [0.9, 0.6, np.nan]]
    (ax,) = panels(drawn(viz.capacity_curve([1, 2, 3], {"15": runs, "45": [0.9, 0.9, 0.9]})))
    np.testing.assert_allclose(lines(ax)["15"], [[1, 95], [2, 70]])
    np.testing.assert_allclose(lines(ax)["45"], [[1, 90], [2, 90], [3, 90]])
    # Sample standard deviations of (100, 90) and (80, 60): 7.07 and 14.14.
    (band,) = ax.collections
    np.testing.assert_allclose(band.get_paths()[0].get_extents().y0, 70 - np.sqrt(200))


def test_level_curves_have_a_panel_a_kind_and_a_colour_a_network():
    figure = drawn(viz.level_curves({
        "dead (share)": ([0, 0.1], {"a": [[1.0, 0.8], [0.9, 0.6]], "b": [0.5, 0.4]}),
        "noise (s.d.)": ([0, 1, 2], {"b": [0.5, 0.4, 0.1]}),
    }))  # fmt: skip
    one, two = panels(figure)
    assert [ax.get_xlabel() for ax in (one, two)] == ["dead (share)", "noise (s.d.)"]
    curves = {c.get_label(): c.lines[0] for c in one.containers}
    np.testing.assert_allclose(curves["a"].get_xydata(), [[0, 95], [0.1, 70]])
    (only,) = (c.lines[0] for c in two.containers)
    np.testing.assert_allclose(only.get_xydata(), [[0, 50], [1, 40], [2, 10]])
    assert only.get_color() == curves["b"].get_color() != curves["a"].get_color()
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b"]


def test_running_mean_by_hand():
    assert running_mean(np.array([1.0, 0, 1, 1]), 2).tolist() == [1, 0.5, 0.5, 1]
    assert running_mean(np.array([1.0, 0, 1, 1]), 10)[-1] == 0.75
    assert running_mean(np.zeros(0), 3).tolist() == []


def test_learning_curve_marks_where_tasks_begin():
    (ax,) = panels(drawn(viz.learning_curve([1, 0], [0, 1, 1], [1], window=2)))
    curves = [line.get_xydata().tolist() for line in ax.lines if len(line.get_xdata()) != 2 or line.get_ls() == "-"]
    assert curves == [[[1, 100], [2, 50]], [[3, 0], [4, 50], [5, 100]], [[6, 100]]]
    assert [line.get_xdata()[0] for line in ax.lines if line.get_ls() == ":"] == [2, 5]
    assert [t.get_text() for t in ax.texts] == ["task 1", "task 2", "task 3"]


def test_comparison_bars_have_numbers_and_a_dash_for_what_is_not_defined():
    figure = drawn(viz.comparison_bars(["one", "two"], [0.9, 0.8], [0.05, np.nan], ([0.01, 0.02], [0.0, np.nan])))
    left, right = panels(figure)
    assert [t.get_text() for t in left.texts] == ["90.0 ± 1.0", "80.0 ± 2.0"]
    assert [t.get_text() for t in right.texts][1] == "–"
    assert [p.get_width() for p in left.patches] == pytest.approx([90, 80])
    assert [t.get_text() for t in left.get_yticklabels()] == ["one", "two"]
    _, right = panels(drawn(viz.comparison_bars(["one"], [0.9], [-0.02])))
    assert right.texts[0].get_text() == "−2.0"
    assert right.get_xlim()[0] < -2


# -------------------------------------------------------------------------------- raster


def test_raster_has_a_panel_for_each_section_and_a_mark_for_each_spike():
    spikes = {"R": [[100, 3], [121, 0]], "L": np.zeros((0, 2), int), "OUT": [[104, 1]]}
    sizes = {"R": 9, "L": 6, "OUT": 2}
    figure = drawn(viz.raster(spikes, 20, 10, sizes=sizes, columns={"L": 3}, first=100))
    axes = panels(figure)
    assert [ax.get_ylabel() for ax in axes] == ["R", "L", "OUT"]
    marks = [ax.collections[0].get_offsets().tolist() for ax in axes]
    assert marks == [[[0, 3], [21, 0]], [], [[4, 1]]]
    assert [line.get_ydata()[0] for line in axes[1].lines] == [1.5, 3.5]  # between the three columns
    assert axes[0].get_ylim() == (8.5, -0.5)
    assert axes[0].get_xlim() == (-0.5, 39.5)
    shades = [(p.get_x(), p.get_x() + p.get_width()) for p in axes[0].patches]
    assert shades == [(-0.5, 9.5), (19.5, 29.5)]


# ---------------------------------------------------------------------------------- save


def test_pictures_ignore_the_users_settings_and_leave_them_alone():
    import matplotlib

    with matplotlib.rc_context({"font.size": 33, "axes.grid": True}):
        (ax,) = panels(viz.alpha_curves([1, 2], [0.1, 0.2], [0.1, 0.1]))
        assert ax.xaxis.label.get_size() == 10
        assert matplotlib.rcParams["font.size"] == 33


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg", "PNG"])
def test_the_same_picture_is_the_same_file(tmp_path, suffix):
    for name in "ab":
        viz.save(viz.degradation_matrix(MATRIX), tmp_path / f"{name}.{suffix}")
    assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"a.{suffix}", f"b.{suffix}"]


def test_a_failed_save_keeps_the_old_file_and_leaves_no_other(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_text("old")
    figure = viz.degradation_matrix(MATRIX)
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(OutputError, match=r"a\.png: cannot be written: No space left"):
        viz.save(figure, path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.png"]


@pytest.mark.parametrize("name", ["a.doc", "a", ".png"])
def test_unknown_kinds_of_files(tmp_path, name):
    with pytest.raises(ConfigError, match=r"expected a file that ends in .*\.png"):
        viz.save(viz.degradation_matrix(MATRIX), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_missing_matplotlib_is_named_with_its_install_command(monkeypatch):
    for name in [m for m in sys.modules if m.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for call in (lambda: viz.degradation_matrix(MATRIX), lambda: viz.check_suffix("a.png")):
        with pytest.raises(BackendUnavailable) as caught:
            call()
        assert str(caught.value) == 'matplotlib is not installed: pip install "colanet[plot]"'
        assert isinstance(caught.value.__cause__, ImportError)


def test_importing_the_package_does_not_import_matplotlib():
    import subprocess

    code = "import sys, colanet.viz; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env=os.environ, timeout=600).returncode == 0
