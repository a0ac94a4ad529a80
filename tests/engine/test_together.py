"""Work that runs a piece at a time, and the engines at which sessions meet, on the shim."""

import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import colanet
from colanet.encoding.coding import Poisson, Schedule
from colanet.encoding.sources import Noise, Source
from colanet.engine.base import InputSpikes, Votes, input_spikes
from colanet.engine.cuda import shim
from colanet.engine.cuda.feed import DeviceEncoder, feed_of, upload
from colanet.engine.cuda.shim import ShimBackend
from colanet.engine.fiber import Fiber, Stopped
from colanet.engine.numba_engine import NumbaEngine
from colanet.engine.together import Together
from colanet.errors import BackendUnavailable, CheckpointError
from colanet.session import Session

from .networks import random_input
from .test_cupy import variants
from .test_equality import assert_same_state

FOREVER = 1 << 40


@pytest.fixture
def together():
    try:
        shim.compiler()
    except BackendUnavailable as error:
        pytest.skip(str(error))
    return Together(ShimBackend("shuffled"))


# ------------------------------------------------------------------ fibers


def test_work_and_its_owner_take_turns():
    order = []

    def work():
        order.append("work 1")
        order.append(fiber.ask("more"))
        order.append(fiber.ask("yet more"))
        return "done"

    fiber = Fiber(work)
    assert (order, fiber.ended) == ([], False)
    fiber.resume()
    order.append("owner")
    assert fiber.asked == "more"
    fiber.resume("answer 1")
    assert fiber.asked == "yet more"
    fiber.resume("answer 2")
    assert fiber.ended
    assert fiber.result() == "done"
    assert order == ["work 1", "owner", "answer 1", "answer 2"]


def test_what_work_raises_is_raised_to_its_owner():
    fiber = Fiber(lambda: 1 // 0)
    fiber.resume()
    assert fiber.ended
    with pytest.raises(ZeroDivisionError):
        fiber.result()


def test_stopped_work_cleans_up_and_its_thread_ends():
    cleaned = []

    def work():
        try:
            fiber.ask("more")
        except Stopped:
            cleaned.append("once")
            fiber.ask("not any more")
        finally:
            cleaned.append("twice")

    threads = threading.active_count()
    fiber, never = Fiber(work), Fiber(lambda: cleaned.append("never"))
    fiber.resume()
    for one in (fiber, fiber, never):
        one.stop()
    assert cleaned == ["once", "twice"]
    assert threading.active_count() == threads


def test_work_is_stopped_when_its_owner_was_interrupted_while_it_ran():
    fiber = Fiber(lambda: fiber.ask("more"))
    fiber._turn.put(None)  # all that an interrupted `resume` has done
    while fiber.asked is None:
        time.sleep(0.001)
    fiber.stop()
    assert fiber.ended
    with pytest.raises(Stopped):
        fiber.result()


# ------------------------------------------------------------------ feeds


@pytest.mark.parametrize("stretch", [(0, 40), (23, 61), (50, 50)])
def test_spikes_of_several_presentations_are_those_of_each(together, stretch):
    plan = variants()[0]
    (_, pixels), (_, size) = plan.inputs
    images = np.random.default_rng(1).integers(0, 256, (6, pixels)).astype(np.uint8)
    schedule, rows = Schedule(10, 7, 6), []
    for key in (5, 6, 7):
        shown = Source("R", pixels, 60, [Poisson(images, schedule, 0.7, key)])
        rows.append([shown, Source("T", size, None, [Noise(size, 0.3, key)])])
    backend, encoders = together.backend, []
    for sources in rows:
        encoders.append(DeviceEncoder(backend, plan, sources, encoders))
    assert len({id(encoder.images[0][0]) for encoder in encoders}) == 1
    feed = feed_of(encoders, 1000, *stretch)
    expected = upload(backend, plan, [input_spikes(plan, sources, 1000, *stretch) for sources in rows])
    assert (feed.base, feed.stop, feed.feeds) == (expected.base, expected.stop, 3)
    np.testing.assert_array_equal(feed.count, expected.count)
    np.testing.assert_array_equal(feed.bits, expected.bits)
    for place in np.ndindex(feed.count.shape):
        found, wanted = ([f.node[f.first[place] :][: f.count[place]]] for f in (feed, expected))
        np.testing.assert_array_equal(found, wanted)
    assert stretch[0] == stretch[1] or len({feed.bits[k].tobytes() for k in range(3)}) == 3


def test_a_feed_says_which_plan_reads_which_spikes(together):
    plan = variants()[0]
    feed = upload(together.backend, plan, [random_input(plan, 20, 0)])
    assert [feed.number(k) for k in range(3)] == [0, 0, 0]
    feed.feeds = 3
    assert [feed.number(k) for k in range(3)] == [0, 1, 2]
    feed.of = (1, 1, 0)
    assert [feed.number(k) for k in range(3)] == [1, 1, 0]


# ------------------------------------------------------------------ seats


def test_a_seat_alone_is_an_engine_like_every_other(together):
    plan = variants()[0]
    spikes = random_input(plan, 120, 0)
    seat, numba = together.engine(plan), NumbaEngine(plan)
    assert_same_state(seat.state(), numba.state())
    for engine in (seat, numba):
        engine.run(spikes, 0, 60, freeze=FOREVER)
    assert_same_state(seat.state(), numba.state())
    other = together.engine(plan)
    other.load(seat.state())
    kept = other.state()
    kept[next(iter(kept))][...] = 0  # a copy
    for engine in (other, numba):
        engine.run(spikes, 60, 120, freeze=80)
    assert_same_state(other.state(), numba.state())
    with pytest.raises(CheckpointError):
        other.load({})


def test_those_behind_catch_up_and_then_share_launches(together, monkeypatch):
    """Two seats, of which one begins late: the bits of each are those of its plan alone."""
    plans, launches = variants()[:1] * 3, []
    spikes = random_input(plans[0], 120, 0)
    seats = [together.engine(plan) for plan in plans]
    launch = type(together)._launch

    def spy(self, requests):
        launches.append([seats.index(request.seat) for request in requests])
        return launch(self, requests)

    monkeypatch.setattr(type(together), "_launch", spy)

    def work(seat, first):
        def steps():
            for start in range(first, 120, 20):
                seat.run(spikes, start, start + 20, freeze=FOREVER)
            return seat.state()

        return steps

    seats[1].run(spikes, 0, 40, freeze=FOREVER)
    found = dict(together.run([work(seats[0], 0), work(seats[1], 40), work(seats[2], 0)]))
    assert launches == [[1], [0, 2], [0, 2], [0, 1, 2], [0, 1, 2], [0, 1, 2], [0, 1, 2]]
    numba = NumbaEngine(plans[0])
    numba.run(spikes, 0, 120, freeze=FOREVER)
    for state in found.values():
        assert_same_state(state, numba.state())


def test_whole_sessions_run_together(together):
    """As docs/gpu.md has it."""
    network = colanet.load(Path(__file__).parents[2] / "configs" / "mnist.yaml")
    few = {"copies": 1, "train": 3, "test": 2}
    sessions = [Session(network, seed=seed, engine=together.engine, **few) for seed in range(2)]
    results = dict(together.run([session.run for session in sessions]))
    for seed in range(2):
        wanted = Session(network, seed=seed, engine="numba", **few).run()
        assert results[seed].digest == wanted.digest
        np.testing.assert_array_equal(results[seed].confusion, wanted.confusion)


def test_silence_is_shared_too(together):
    plans = variants()[:1] * 2
    seats = [together.engine(plan) for plan in plans]
    history = plans[0].history
    silence = InputSpikes(
        -history, 30,
        tuple(np.zeros(history + 31, dtype=np.int64) for _ in plans[0].inputs),
        tuple(np.zeros(0, dtype=np.int32) for _ in plans[0].inputs),
    )  # fmt: skip
    works = [lambda seat=seat: seat.run(silence, 0, 30, freeze=0) for seat in seats]
    found = dict(together.run(works))
    assert seats[0].crew is seats[1].crew
    np.testing.assert_array_equal(found[0].spikes, found[1].spikes)


def test_each_seat_gets_what_it_asked_for(together):
    plan = variants()[0]
    spikes, seats = random_input(plan, 60, 0), [together.engine(plan) for _ in range(4)]
    votes = Votes(population=0, classes=3, period=10)
    asked = [{"record": (0,)}, {"votes": votes}, {"record": (0,)}, {}]
    works = [
        lambda seat=seat, wants=wants: seat.run(spikes, 0, 60, freeze=0, **wants)
        for seat, wants in zip(seats, asked, strict=True)
    ]
    found = dict(together.run(works))
    assert seats[0].crew is seats[2].crew is not seats[1].crew
    wanted = [NumbaEngine(plan).run(spikes, 0, 60, freeze=0, **wants) for wants in asked]
    for number in range(4):
        np.testing.assert_array_equal(found[number].votes, wanted[number].votes)
        for mine, other in zip(found[number].records, wanted[number].records, strict=True):
            np.testing.assert_array_equal(mine, other)
    assert len(found[0].records[0])
    assert not len(found[3].records[0])


def test_an_error_of_the_device_reaches_the_caller_and_stops_all(together, monkeypatch):
    def broken(*arguments):
        raise BackendUnavailable("the GPU's memory is too small")

    plan = variants()[0]
    spikes, ended = random_input(plan, 20, 0), []

    def work():
        try:
            together.engine(plan).run(spikes, 0, 20, freeze=0)
        finally:
            ended.append(True)

    monkeypatch.setattr(type(together), "_launch", broken)
    with pytest.raises(BackendUnavailable):
        list(together.run([work, work]))
    assert ended == [True, True]


def test_an_interruption_while_work_runs_stops_all_of_it(together):
    """Ctrl-C reaches the thread that waits for the work."""
    plan = variants()[0]
    spikes, ended = random_input(plan, 20, 0), []

    def work(interrupts):
        def steps():
            try:
                if interrupts:
                    os.kill(os.getpid(), signal.SIGINT)
                    time.sleep(0.1)
                together.engine(plan).run(spikes, 0, 20, freeze=0)
            finally:
                ended.append(True)

        return steps

    threads = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        list(together.run([work(False), work(True)]))
    assert ended == [True, True]
    assert threading.active_count() == threads
