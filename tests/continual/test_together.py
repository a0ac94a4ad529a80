"""Runs side by side in one launch, on the shim: what comes out and is written is that of the runs one by one."""

import contextlib
import gc
import threading
import weakref

import numpy as np
import pytest

from colanet.continual import together as module
from colanet.continual.gallery import Gallery
from colanet.continual.run import Run
from colanet.continual.runner import run_one
from colanet.continual.together import Order, run_together, side_by_side
from colanet.engine import choice
from colanet.engine import together as engine_module
from colanet.engine.cuda import shim
from colanet.engine.cuda.room import bytes_of
from colanet.engine.cuda.shim import ShimBackend
from colanet.engine.together import RECORD_BYTES, SHARE, Together
from colanet.errors import BackendUnavailable, ConfigError
from tests.continual import tiny
from tests.continual.test_runner import MIGRATION, Killed, kill_after

TWO = tiny.tasks(2, train=12, test=4)
OTHER_CONSTANTS = {"population.L.size": 20, "population.L.tau_m": 4}
LARGER = {"population.L.size": 30}


@pytest.fixture(autouse=True)
def compiler():
    try:
        shim.compiler()
    except BackendUnavailable as error:
        pytest.skip(str(error))


class Counted(ShimBackend):
    """Counts launches of the kernel that runs networks, and the networks of each."""

    def __init__(self, **options):
        super().__init__("shuffled", **options)
        self.networks = []

    def launch(self, kernel, blocks, *rest):
        if kernel.startswith("run_"):
            self.networks.append(blocks)
        super().launch(kernel, blocks, *rest)


def together(orders, backend=None, **options):
    """What came of the orders, in their order, and the backend."""
    backend = backend or Counted()
    found = dict(run_together(orders, Together(backend), **options))
    return [found[number] for number in range(len(orders))], backend


def alone(order, **options):
    return run_one(order.experiment, order.seed, tasks=order.tasks, engine="numba", **options)


def order(seed=0, tasks=TWO, checkpoint=None, **fields):
    return Order(tiny.experiment(**fields), tasks, seed, checkpoint)


# ------------------------------------------------------------------ the same bits


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"forward": True},
        {"joint": True, "forward": True},
        {"migration": MIGRATION, "copies": 2},
        {"renewal": {"every": 5, "silent": 5}, "copies": 2},
    ],
    ids=["plain", "forward", "joint", "migration", "renewal"],
)
def test_seeds_and_variants_of_one_shape_are_one_launch_a_stretch(fields):
    orders = [order(0, **fields), order(1, **fields), order(0, **fields | {"set": OTHER_CONSTANTS})]
    found, backend = together(orders)
    for one, outcome in zip(orders, found, strict=True):
        tiny.same(outcome, alone(one))
    assert len({outcome.digest for outcome in found}) == 3
    _, single = together(orders[:1])
    assert backend.networks == [3 * n for n in single.networks]


def test_variants_with_other_numbers_of_copies_are_one_launch():
    orders = [order(0), order(0, copies=3)]
    found, backend = together(orders)
    for one, outcome in zip(orders, found, strict=True):
        tiny.same(outcome, alone(one))
    assert set(backend.networks) == {4}


def test_other_shapes_are_other_launches():
    orders = [order(0), order(0, set=LARGER), order(1), order(1, set=LARGER)]
    found, backend = together(orders)
    for one, outcome in zip(orders, found, strict=True):
        tiny.same(outcome, alone(one))
    assert set(backend.networks) == {2}
    assert len(backend.networks) == 2 * len(together(orders[:1])[1].networks)


def test_longer_memories_of_past_steps_are_other_launches():
    orders = [order(0), order(0, set={"population.L.size": 20, "population.L.hebbian_window": 30})]
    found, backend = together(orders)
    for one, outcome in zip(orders, found, strict=True):
        tiny.same(outcome, alone(one))
    assert set(backend.networks) == {1}


def test_other_tasks_are_shown_in_the_same_launch():
    orders = [order(0), order(0, tasks=tiny.tasks(2, train=12, test=4, seed=1))]
    found, backend = together(orders)
    for one, outcome in zip(orders, found, strict=True):
        tiny.same(outcome, alone(one))
    assert set(backend.networks) == {2}


def test_tasks_of_another_length_go_on_alone_and_end_alike():
    orders = [order(0), order(0, tasks=tiny.tasks(2, train=9, test=5)), order(1)]
    for one, outcome in zip(orders, together(orders)[0], strict=True):
        tiny.same(outcome, alone(one))


# ------------------------------------------------------------------ what is shared


def test_runs_of_one_seed_share_their_spikes_and_all_share_their_images(monkeypatch):
    feeds, uploaded = [], []

    def feed_of(encoders, *stretch):
        feeds.append(len(encoders))
        return made(encoders, *stretch)

    class Noting(Counted):
        def upload(self, array):
            if array.dtype == np.uint8 and array.shape == (12, 784):
                uploaded.append(array.tobytes())
            return super().upload(array)

    made = engine_module.feed_of
    monkeypatch.setattr(engine_module, "feed_of", feed_of)
    together([order(0), order(0, set=OTHER_CONSTANTS), order(1)], Noting())
    assert set(feeds) == {2}
    assert len(uploaded) == len(set(uploaded)) == 2


def test_little_memory_splits_the_launch_and_nothing_else():
    orders = [order(seed) for seed in range(3)]
    run = Run(orders[0].experiment, TWO, 0, Together(Counted()).engine)
    room = 2.5 * bytes_of(run.session.plan, Counted()) + RECORD_BYTES
    found, backend = together(orders, Counted(free=int(room / SHARE)))
    for one, outcome in zip(orders, found, strict=True):
        tiny.same(outcome, alone(one))
    single = together(orders[:1])[1].networks
    assert backend.networks == [2] * len(single) + [1] * len(single)


@pytest.mark.parametrize("fields", [{}, {"migration": MIGRATION}], ids=["plain", "migration"])
def test_a_group_leaves_the_device_before_the_next_comes(fields, monkeypatch):
    batches, there = [], []

    class Batch(engine_module.CupyBatch):
        def __init__(self, *arguments, **options):
            there.append(sum(one() is not None for one in batches))
            super().__init__(*arguments, **options)
            batches.append(weakref.ref(self))

    monkeypatch.setattr(engine_module, "CupyBatch", Batch)
    monkeypatch.setattr(Together, "fitting", lambda *_, **__: 1)
    together([order(seed, **fields) for seed in range(3)])
    assert there == [0, 0, 0]


def test_the_estimate_of_memory_is_above_what_is_taken_and_not_far():
    class Weighing(ShimBackend):
        taken = 0

        def zeros(self, shape, dtype):
            Weighing.taken += int(np.prod(shape)) * np.dtype(dtype).itemsize
            return super().zeros(shape, dtype)

    plan = Run(tiny.experiment(copies=5), TWO, 0).session.plan
    engine_module.CupyBatch([plan], backend=Weighing())
    assert Weighing.taken <= bytes_of(plan, Weighing(), steps=0) < 1.3 * Weighing.taken


# ------------------------------------------------------------------ interruptions


def test_killed_and_resumed_is_uninterrupted_together_or_one_by_one(tmp_path):
    """Some runs have got further than others: those behind catch up, and then share launches."""
    orders = [order(seed, checkpoint=tmp_path / f"{seed}.h5") for seed in range(3)]
    whole = [alone(one) for one in orders]
    with pytest.raises(Killed):
        alone(orders[0], checkpoint=orders[0].checkpoint, every=4, watch=kill_after(2))
    with pytest.raises(Killed):
        together(orders[1:], every=4, watch=kill_after(9))
    assert [one.checkpoint.exists() for one in orders] == [True] * 3
    found, backend = together(orders, resume=True, every=4)
    for outcome, wanted in zip(found, whole, strict=True):
        tiny.same(outcome, wanted)
    assert backend.networks[0] < 3
    assert backend.networks[-1] == 3
    assert not any(one.checkpoint.exists() for one in orders)


@pytest.mark.parametrize("calls", range(0, 30, 3))
def test_killed_anywhere_and_resumed_one_by_one(calls, tmp_path):
    orders = [order(seed, checkpoint=tmp_path / f"{seed}.h5") for seed in range(2)]
    with contextlib.suppress(Killed):
        together(orders, every=5, keep=True, watch=kill_after(calls))
    for one in orders:
        tiny.same(alone(one, checkpoint=one.checkpoint, resume=True, every=5), alone(one))


def test_what_stops_one_run_stops_all_and_leaves_no_thread():
    before = threading.active_count()
    with pytest.raises(Killed):
        together([order(seed) for seed in range(3)], watch=kill_after(5))
    gc.collect()
    assert threading.active_count() == before


def test_a_tolerated_error_ends_its_run_alone(monkeypatch):
    orders = [order(0), order(1), order(2)]
    learn = Run.learn

    def fails(run, *arguments):
        if run.seed == 1 and run.k == 1:
            raise ConfigError("not this one")
        learn(run, *arguments)

    monkeypatch.setattr(Run, "learn", fails)
    found, backend = together(orders, tolerated=(ConfigError,))
    assert str(found[1]) == "not this one"
    assert backend.networks[0] == 3
    assert backend.networks[-1] == 2
    monkeypatch.undo()
    for number in (0, 2):
        tiny.same(found[number], alone(orders[number]))


def test_a_run_that_cannot_be_made_is_an_error_or_tolerated():
    orders = [order(0), order(network="nothing.nnc")]
    with pytest.raises(ConfigError, match="No such file"):
        together(orders)
    found, _ = together(orders, tolerated=(ConfigError,))
    tiny.same(found[0], alone(orders[0]))
    assert isinstance(found[1], ConfigError)


def test_progress_counts_the_images_of_all_runs():
    told = []
    together([order(0), order(1)], watch=lambda *call: told.append(call))
    done, total, text = told[-1]
    assert done == total == 2 * (2 * 12 + 3 * 4)
    assert text.startswith("2 runs, the first task 2 after task 2: ")
    learning = [text for _, _, text in told if "learning" in text]
    assert learning
    assert all(text.endswith(" %") for text in learning)


# ------------------------------------------------------------------ where


def test_auto_runs_side_by_side_where_there_is_a_gpu_and_enough_networks(monkeypatch):
    monkeypatch.setattr(module, "Together", lambda: "together")
    assert side_by_side("cupy", 1, 1) == "together"
    assert side_by_side("numba", 1000, 1) is None
    assert side_by_side("auto", 1000, 1) is None
    monkeypatch.setattr("colanet.engine.cuda.backend.import_cupy", lambda: None)
    assert side_by_side("auto", choice.NETWORKS_PER_CORE * 2, 2) == "together"
    assert side_by_side("auto", choice.NETWORKS_PER_CORE * 2 - 1, 2) is None


def test_a_gallery_of_the_runs_is_let_go_with_them():
    gallery = Gallery(TWO)
    run = Run(tiny.experiment(), TWO, 0, gallery=gallery)
    assert run.gallery is gallery
    assert len(gallery._shown) == 1
    del run
    gc.collect()
    assert len(gallery._shown) == 0
