"""Presentations: which objects are shown, which are taught, when labels spike, how long a run is."""

import numpy as np
import pytest

from colanet import datasets
from colanet.config.model import BinaryInput, ImageInput, NoiseInput, TargetInput, TextInput, ValuesInput
from colanet.encoding import build_sources
from colanet.encoding.coding import Schedule
from colanet.errors import DataError

R = ImageInput(name="R", source="mnist", period=15, presentation=10)
T = TargetInput(name="T", size=10, target_file="mnist", learning_time=900_000, period=15)
FILES = (
    ImageInput(name="R", source="i", shape=(2, 1, 1), period=4, presentation=2),
    TargetInput(name="T", size=3, target_file="l", learning_time=12, period=4),
)


@pytest.fixture
def folder(tmp_path):
    """Five images of two pixels that are 255 where the bits of their number are set, and labels 0 1 2 0 1."""
    (tmp_path / "i").write_bytes(bytes(255 * (k >> bit & 1) for k in range(5) for bit in (0, 1)))
    (tmp_path / "l").write_text("0\n1\n2\n0\n1\n")
    return tmp_path


def fired(source, start=0, stop=None):
    ptr, index = source.spikes(start, source.n_steps if stop is None else stop)
    return [(start + t, n) for t, row in enumerate(np.split(index, ptr[1:-1])) for n in row.tolist()]


def test_mnist_by_name():
    p = build_sources((R, T))
    data = datasets.load("mnist")
    assert (p.n_train, p.n_test, p.n_classes, p.period) == (60_000, 10_000, 10, 15)
    assert p.learning_time == 900_000
    assert p.n_steps == 1_050_000
    assert p.no_class_value is None
    np.testing.assert_array_equal(p.labels, np.concatenate([data.train_labels, data.test_labels]))
    assert [s.name for s in p.sources] == ["R", "T"]
    assert [s.size for s in p.sources] == [784, 10]
    # The first test image follows the last training image.
    white = np.flatnonzero(data.test_images[0].ravel() == 255)
    _, index = p.sources[0].spikes(900_000, 900_001)
    assert set(white) <= set(index.tolist())
    assert fired(p.sources[1], 899_985, 900_030) == [(899_985 + 11, data.train_labels[-1])]


def test_mnist_cut():
    p = build_sources((R, T), n_train=20, n_test=5)
    data = datasets.load("mnist")
    assert (p.n_train, p.n_test, p.learning_time, p.n_steps) == (20, 5, 300, 375)
    assert p.labels.tolist() == [*data.train_labels[:20], *data.test_labels[:5]]
    whole = build_sources((R, T)).sources[0]
    np.testing.assert_array_equal(p.sources[0].spikes(0, 300)[1], whole.spikes(0, 300)[1])
    assert fired(p.sources[1]) == [(15 * k + 11, label) for k, label in enumerate(data.train_labels[:20])]


@pytest.mark.parametrize(("learning", "asked", "train"), [(150, None, 10), (0, None, 0), (150, 30, 30)])
def test_learning_time_cuts_a_named_data_set(learning, asked, train):
    target = T.model_copy(update={"learning_time": learning})
    p = build_sources((R, target), n_train=asked, n_test=7)
    assert (p.n_train, p.n_test, p.n_steps) == (train, 7, 15 * (train + 7))
    white = np.flatnonzero(datasets.load("mnist").test_images[0].ravel() == 255)
    _, index = p.sources[0].spikes(15 * train, 15 * train + 1)
    assert set(white) <= set(index.tolist())


def test_poisson_and_noise_do_not_depend_on_the_cut():
    described = R.model_copy(update={"coding": "poisson", "noise": 0.01})
    small, large = (build_sources((described, T), seed=4, n_train=n, n_test=0).sources[0] for n in (10, 40))
    for a, b in zip(small.spikes(0, 150), large.spikes(0, 150), strict=True):
        np.testing.assert_array_equal(a, b)


def test_files(folder):
    p = build_sources(FILES, base_dir=folder)
    assert (p.n_train, p.n_test, p.learning_time, p.n_steps) == (3, 2, 12, 20)
    assert p.labels.tolist() == [0, 1, 2, 0, 1]
    assert fired(p.sources[0]) == [(4, 0), (5, 0), (8, 1), (9, 1), (12, 0), (12, 1), (13, 0), (13, 1)]
    assert fired(p.sources[1]) == [(3, 0), (7, 1), (11, 2)]


def test_files_cut(folder):
    p = build_sources(FILES, base_dir=folder, n_train=2, n_test=1)
    assert (p.n_train, p.n_test, p.n_steps) == (2, 1, 12)
    assert p.labels.tolist() == [0, 1, 0]
    assert fired(p.sources[0]) == [(4, 0), (5, 0), (8, 0), (8, 1), (9, 0), (9, 1)]


def test_rows_and_values_are_cut_alike(folder):
    rows = "".join("@." if k & 1 else ".@" for k in range(20))
    (folder / "t").write_text("\n".join(rows[2 * k : 2 * k + 2] for k in range(20)))
    (folder / "b").write_bytes(b"".join(bytes([k % 4]) + bytes(7) for k in range(20)))
    (folder / "v").write_text("".join(f"{k / 4}\n" for k in range(5)))
    inputs = (
        TextInput(name="A", source="t"),
        BinaryInput(name="B", source="b", size=2),
        ValuesInput(name="C", source="v", period=4),
        FILES[1].model_copy(update={"label_step": 3}),
    )
    p = build_sources(inputs, base_dir=folder, n_train=1, n_test=1)
    whole = build_sources(inputs, base_dir=folder)
    assert p.n_steps == 8
    assert whole.n_steps == 20
    for short, long in zip(p.sources[:2], whole.sources[:2], strict=True):
        shown = fired(long, 0, 4) + [(t - 8, n) for t, n in fired(long, 12, 16)]
        assert fired(short) == shown
    assert fired(p.sources[2]) == [(5, 0), (6, 0), (7, 0)]  # 3/4 a step: 3/4, 6/4, 5/4, 1


def test_label_times(folder):
    def times(**more):
        described = (FILES[0], TargetInput(**{**FILES[1].model_dump(), **more}))
        return [t for t, _ in fired(build_sources(described, base_dir=folder).sources[1], 0, 8)]

    assert times() == [3, 7]
    assert times(label_step=0) == [0, 4]
    assert times(spike_period=1) == list(range(8))
    assert times(spike_period=2) == [0, 2, 4, 6]
    assert times(spike_period=3) == [0, 3, 4, 7]
    assert times(spike_period=9) == [0, 4]
    assert times(kind="state_target") == list(range(8))
    assert times(kind="state_target", label_step=1) == [1, 5]


def test_label_after_the_period(folder):
    full = FILES[0].model_copy(update={"presentation": None})
    with pytest.raises(DataError, match="input T: label at step 5 of a period of 4 steps"):
        build_sources((full, FILES[1]), base_dir=folder)


def test_no_class(folder):
    (folder / "l").write_text("0\n-1\n2\n-1\n1\n")
    target = FILES[1].model_copy(update={"no_class": "-1"})
    p = build_sources((FILES[0], target), base_dir=folder)
    assert p.no_class_value == -1
    assert p.labels.tolist() == [0, -1, 2, -1, 1]
    assert fired(p.sources[1]) == [(3, 0), (11, 2)]


def test_the_value_of_no_class_is_no_label(folder):
    # The label 1 stays a class though objects without one carry the value 1.
    target = FILES[1].model_copy(update={"no_class": "-", "no_class_value": 1})
    (folder / "l").write_text("0\n1\n-\n0\n1\n")
    p = build_sources((FILES[0], target), base_dir=folder)
    assert fired(p.sources[1]) == [(3, 0), (7, 1)]
    assert p.labels.tolist() == [0, 1, -1, 0, 1]


@pytest.mark.parametrize(
    ("none", "text", "classes"),
    [
        ("0", "1\n0\n3\n2\n0\n", [0, -1, 2, 1, -1]),
        ("1", "0\n1\n3\n2\n1\n", [0, -1, 2, 1, -1]),
        ("3", "0\n1\n3\n2\n03\n", [0, 1, -1, 2, -1]),
        ("0", "1.0e+00\n0.0e+00\n3\n2.\n+0\n", [0, -1, 2, 1, -1]),
        ("0.0", "1\n0\n3\n2\n0.0\n", [0, -1, 2, 1, -1]),
        ("none", "0\nnone\n2\n1\nnone\n", [0, -1, 2, 1, -1]),
        ("", "0\n\n2\r\n1\n\n", [0, -1, 2, 1, -1]),
        ("", "0\n\n2\n1\n  ", [0, -1, 2, 1, -1]),
    ],
)
def test_labels_of_no_class_leave_the_other_labels_to_the_classes(folder, none, text, classes):
    target = FILES[1].model_copy(update={"no_class": none, "learning_time": 20})
    (folder / "l").write_text(text)
    p = build_sources((FILES[0], target), base_dir=folder)
    assert p.labels.tolist() == classes
    assert fired(p.sources[1]) == [(4 * k + 3, c) for k, c in enumerate(classes) if c >= 0]


def test_a_digit_of_a_named_data_set_may_be_no_class():
    target = T.model_copy(update={"no_class": "7", "size": 9})
    shown = build_sources((R, target), n_train=50, n_test=0).labels
    digits = datasets.load("mnist").train_labels[:50].astype(int)
    assert 7 in digits
    assert shown.tolist() == [-1 if d == 7 else d - (d > 7) for d in digits]


def test_images_go_on(folder):
    for mode, last in (("repetitive", [(23, 9), (24, 0), (25, 0)]), ("endless", [])):
        described = FILES[0].model_copy(update={"mode": mode})
        alone = build_sources((described,), base_dir=folder)
        assert alone.n_steps is None
        assert alone.labels is None
        assert alone.period == 4
        assert fired(alone.sources[0], 20, 26) == last[1:]
        assert build_sources((described, FILES[1]), base_dir=folder).n_steps == 20


def test_shortest_limited_source_ends_the_run(folder):
    noise = NoiseInput(name="N", size=1, noise=0.5, steps=7)
    assert build_sources((*FILES, noise), base_dir=folder).n_steps == 7
    assert build_sources((NoiseInput(name="N", size=1),)).n_steps is None


def test_file_beside_the_configuration_comes_before_a_data_set(folder):
    (folder / "mnist").write_bytes(bytes(4))
    described = FILES[0].model_copy(update={"source": "mnist"})
    assert build_sources((described,), base_dir=folder).n_steps == 8


@pytest.mark.parametrize(
    ("inputs", "asked", "message"),
    [
        ((R, T), {"n_train": 60_001}, "mnist: 60001 training objects, expected 0..60000"),
        ((R, T), {"n_test": -1}, "mnist: -1 test objects, expected 0..10000"),
        ((R, T), {"n_train": 0, "n_test": 0}, "mnist: no object to show, expected at least 1"),
        (FILES, {"n_train": 4}, "l: 4 training objects, expected 0..3"),
        (FILES[:1], {"n_test": 1}, "i: 1 test objects, expected 0..0"),
        ((FILES[0].model_copy(update={"skip": 4}), FILES[1]), {"n_train": 1}, "need skip (tacts_to_skip) 0"),
        ((*FILES, FILES[1].model_copy(update={"name": "U"})), {}, "input U: only one input can be the target"),
        (
            (R.model_copy(update={"period": 20}), T),
            {},
            "input R has 93333 objects of 15 steps, but mnist has 70000",
        ),
        (
            (R.model_copy(update={"source": "fashion"}), T),
            {},
            "fashion: no such file, nor a data set by name (mnist, ",
        ),
    ],
)
def test_what_does_not_fit(folder, inputs, asked, message):
    with pytest.raises(DataError) as caught:
        build_sources(inputs, base_dir=folder, **asked)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_lengths_of_a_schedule():
    assert Schedule(5, 3, 4).n_steps == 20
    assert Schedule(5, 3, 4, skip=6, steps=30).n_steps == 14
    assert Schedule(5, 3, 4, mode="endless", steps=30).n_steps == 30
    assert Schedule(5, 3, 4, mode="repetitive").n_steps is None
    assert Schedule(5, 3, 2, mode="repetitive").order(1, 5).tolist() == [1, 0, 1, 0]
    assert Schedule(5, 3, 2).order(1, 4).tolist() == [1, -1, -1]
