"""Spikes that a package makes: any form it may answer in, stretches of any length, and what is refused."""

import numpy as np
import pytest

from colanet.config.model import NoiseInput, PluginInput, TargetInput
from colanet.doors import INPUTS
from colanet.encoding import build_sources, stretch
from colanet.encoding.stretch import steps_of
from colanet.errors import ConfigError, DataError

EYES = PluginInput(name="R", lib="eyes", args={"every": "3"})


class Eyes:
    """Node t mod size fires at step t, and node 0 at every step of `every`."""

    n_steps = None

    def __init__(self, size, every, form="matrix"):
        self.size, self.every, self.form = size, every, form

    def spikes(self, first, last):
        steps = np.arange(first, last)
        rows = np.zeros((last - first, self.size), dtype=np.int64)
        rows[np.arange(last - first), steps % self.size] = 5
        rows[steps % self.every == 0, 0] = 1
        if self.form == "matrix":
            return rows
        at, nodes = np.nonzero(rows)
        return np.searchsorted(at, np.arange(last - first + 1)), nodes


@pytest.fixture
def offer():
    """Registers a maker for one test."""

    def register(make):
        INPUTS.register("eyes", make, replace=True)

    yield register
    INPUTS.unregister("eyes")


@pytest.mark.parametrize("form", ["matrix", "pair"])
def test_any_stretch_of_what_a_package_makes(offer, monkeypatch, form):
    told = []

    def make(args, **more):
        told.append((args, more))
        return Eyes(4, int(args["every"]), form)

    offer(make)
    source = build_sources((EYES,), base_dir="here", seed=7).sources[0]
    ((args, more),) = told
    assert args == {"every": "3"}
    assert (more["name"], more["size"], str(more["base_dir"])) == ("R", None, "here")
    assert 0 <= more["seed"] < 2**64
    assert (source.size, source.n_steps) == (4, None)
    by_hand = {0: [0], 1: [1], 2: [2], 3: [0, 3], 4: [0], 5: [1], 6: [0, 2], 7: [3]}
    expected = [(t, node) for t in range(8) for node in by_hand[t]]
    spikes = source.spikes(0, 8)
    assert list(zip(steps_of(spikes).tolist(), spikes[1].tolist(), strict=True)) == expected
    assert (spikes[0].dtype, spikes[1].dtype) == (np.int64, np.int32)
    monkeypatch.setattr(stretch, "ROOM", 12)
    for start, stop in ((0, 8), (2, 7), (5, 5), (3, 4)):
        ptr, index = source.spikes(start, stop)
        found = list(zip((steps_of((ptr, index)) + start).tolist(), index.tolist(), strict=True))
        assert found == [pair for pair in expected if start <= pair[0] < stop]


def test_every_input_and_seed_has_a_seed_of_its_own(offer):
    seeds = []

    def make(args, *, seed, **more):
        seeds.append(seed)
        return Eyes(4, 3)

    offer(make)
    for seed in (0, 1):
        build_sources((EYES, EYES.model_copy(update={"name": "S"})), seed=seed)
    assert len(set(seeds)) == 4


def test_an_end_and_names_of_nodes(offer):
    eyes = Eyes(2, 3)
    eyes.n_steps, eyes.labels = 5, ["left", "right"]
    offer(lambda args, **more: eyes)
    shown = build_sources((EYES,))
    assert shown.n_steps == 5
    assert shown.node_labels == {"R": ("left", "right")}
    assert shown.sources[0].spikes(4, 9)[0].tolist() == [0, 1, 1, 1, 1, 1]
    eyes.labels = ["left"]
    with pytest.raises(DataError, match="input R: its plug-in names 1 nodes, there are 2"):
        build_sources((EYES,))


def test_it_shows_objects_beside_labels(offer, tmp_path):
    (tmp_path / "t").write_text("0\n1\n1\n")
    eyes = Eyes(4, 3)
    offer(lambda args, **more: eyes)
    target = TargetInput(name="T", size=2, target_file="t", learning_time=10, period=5)
    shown = build_sources((EYES.model_copy(update={"period": 5, "presentation": 2}), target), base_dir=tmp_path)
    assert (shown.period, shown.n_train, shown.n_test) == (5, 2, 1)
    # The label comes at presentation + 1.
    assert shown.sources[1].spikes(0, 15)[0].tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2]
    eyes.n_steps = 10
    with pytest.raises(DataError, match=r"input R has 2 objects of 5 steps, but t has 3 labels"):
        build_sources((EYES, target), base_dir=tmp_path)


def test_noise_in_its_place_is_that_of_a_noise_input():
    stand_in = EYES.model_copy(update={"stand_in": 0.2, "size": 50})
    noise = NoiseInput(name="R", size=50, noise=0.2)
    first, second = (build_sources((item,), seed=3).sources[0].spikes(10, 60) for item in (stand_in, noise))
    np.testing.assert_array_equal(first[1], second[1])
    np.testing.assert_array_equal(first[0], second[0])
    with pytest.raises(DataError, match="input R: the noise in its place needs a size"):
        build_sources((EYES.model_copy(update={"stand_in": 0.2}),))
    with pytest.raises(ConfigError, match="unknown plug-in input eyes"):
        build_sources((EYES,))


def refuse(*arguments, **more):
    raise OSError("no camera\nat all")


class Odd(Eyes):
    def __init__(self, answer):
        super().__init__(3, 3)
        self.answer = answer

    def spikes(self, first, last):
        return self.answer(first, last) if callable(self.answer) else self.answer


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (refuse, r"OSError: no camera$"),
        (lambda args, **more: None, "made no source with a size of 1 or more nodes and a function spikes"),
        (lambda args, **more: Eyes(0, 3), "made no source"),
        (lambda args, **more: Eyes(True, 3), "made no source"),
        (lambda args: Eyes(3, 3), "TypeError: "),
        (lambda args, **more: Odd(refuse), "OSError: no camera$"),
        (lambda args, **more: Odd(np.zeros((4, 2))), r"spikes\(0, 4\) are float64 \(4, 2\), expected .*\(4, 3\)"),
        (lambda args, **more: Odd(([0, 1, 1, 1, 2], [0])), "ptr does not go up from 0 to the 1 spikes of index"),
        (lambda args, **more: Odd(([0, 1, 0, 1, 1], [0])), "ptr does not go up"),
        (lambda args, **more: Odd(([0, 1], [0])), r"ptr is int64 \(2,\), expected integers of shape \(5,\)"),
        (lambda args, **more: Odd(([0, 1, 1, 1, 1], [0.5])), "index is float64"),
        (lambda args, **more: Odd(([0, 1, 1, 1, 1], [3])), "nodes 3 to 3, but it has 3"),
        (lambda args, **more: Odd(([0, 2, 2, 2, 2], [1, 1])), "nodes of a step are not ascending, each once"),
        (lambda args, **more: Odd(([0, 2, 2, 3, 3], [1, 0, 2])), "nodes of a step are not ascending, each once"),
    ],
)  # fmt: skip
def test_what_a_package_does_wrong_is_one_line(offer, make, said):
    offer(make)
    with pytest.raises(DataError, match=said) as caught:
        build_sources((EYES,)).sources[0].spikes(0, 4)
    assert str(caught.value).startswith("input R: plug-in eyes: ")
    assert "\n" not in str(caught.value)


def test_a_new_step_may_begin_with_a_lower_node(offer):
    offer(lambda args, **more: Odd(([0, 2, 2, 3, 4], [0, 2, 1, 0])))
    assert build_sources((EYES,)).sources[0].spikes(0, 4)[1].tolist() == [0, 2, 1, 0]


def test_sizes_agree(offer):
    offer(lambda args, **more: Eyes(4, 3))
    with pytest.raises(DataError, match="input R: plug-in eyes: has 4 nodes, expected 5"):
        build_sources((EYES.model_copy(update={"size": 5}),))
