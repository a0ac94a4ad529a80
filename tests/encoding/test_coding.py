"""Pixel coding: numbers worked by hand, the NumPy definition, probabilities, memory of the integrator."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colanet import hashing
from colanet.encoding.coding import CHECKPOINT, TURN, Integrating, Poisson, Regular, Schedule
from colanet.encoding.sources import Labels, Noise, Pacemaker, Rows, Source
from colanet.encoding.stretch import from_events, merge, take
from colanet.hashing import Stream

UNIT = 1_000_000
SCALE = np.arange(256, dtype=np.int64) * UNIT


def rows(spikes):
    """Nodes of each step, as lists."""
    ptr, index = spikes
    assert ptr.dtype == np.int64
    assert index.dtype == np.int32
    assert ptr[0] == 0
    assert ptr[-1] == len(index)
    return [index[a:b].tolist() for a, b in pairwise(ptr)]


def integrating(images, period=5, presentation=3, **more):
    images = np.asarray(images, np.uint8)
    return Integrating(images, Schedule(period, presentation, len(images), **more), 255 * UNIT, SCALE)


# --------------------------------------------------------------------- integrate


def test_integrate_by_hand():
    # Node 0, b = 128: 128, 256 -> spike, 1 left; after the silence 129, 257 -> spike, 2; 130.
    # Node 1, b = 85: 85, 170, 255 -> spike, 0 left; each presentation of 3 steps alike.
    # Node 2, b = 255: always. Node 3, b = 0: never. Node 4: 200, 400 -> 145, 345 -> 90; then b = 1: 91, 92, 93.
    source = integrating([[128, 85, 255, 0, 200], [128, 85, 255, 0, 1]])
    assert rows(source.spikes(0, 10)) == [
        [2], [0, 2, 4], [1, 2, 4], [], [],
        [0, 2], [2], [0, 1, 2], [], [],
    ]  # fmt: skip


def test_max_rate_scales_the_increment():
    scale = np.rint(0.5 * UNIT * np.arange(256)).astype(np.int64)
    source = Integrating(np.array([[255], [255]], np.uint8), Schedule(4, 3, 2), 255 * UNIT, scale)
    assert rows(source.spikes(0, 8)) == [[], [0], [], [], [0], [], [0], []]


@pytest.mark.parametrize("mode", ["once", "endless", "repetitive"])
def test_state_far_away_equals_simulation(mode):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (2 * CHECKPOINT + 7, 3)).astype(np.uint8)
    schedule = Schedule(3, 2, len(images), mode=mode)
    steps = 3 * 3 * len(images)
    order, state, wanted = schedule.order(0, steps // 3), np.zeros(3, np.int64), []
    for t in range(steps):
        fires = np.zeros(3, bool)
        if t % 3 < 2 and order[t // 3] >= 0:
            state += SCALE[images[order[t // 3]]]
            fires = state >= 255 * UNIT
            state -= 255 * UNIT * fires
        wanted.append(np.flatnonzero(fires).tolist())
    for start in (0, 1, 3 * CHECKPOINT - 1, 3 * CHECKPOINT, 3 * len(images) + 4, steps - 5):
        fresh = Integrating(images, schedule, 255 * UNIT, SCALE)
        assert rows(fresh.spikes(start, steps)) == wanted[start:]


def test_largest_numbers_do_not_overflow():
    """Full rates over 2^31 - 1 steps per object, far into a repeated file."""
    long = 2**31 - 1
    full = Integrating(np.full((300, 1), 2**30), Schedule(long, long, 300, mode="repetitive"), 2**30)
    assert rows(full.spikes(10**6 * long + 5, 10**6 * long + 7)) == [[0], [0]]
    half = Integrating(np.full((300, 1), 2**29), Schedule(long, long, 300, mode="repetitive"), 2**30)
    steps = 12_345 * long + 6
    assert rows(half.spikes(steps, steps + 2)) == ([[], [0]] if steps % 2 == 0 else [[0], []])


def test_endless_silence_stores_nothing():
    source = integrating([[100]], mode="endless")
    assert rows(source.spikes(10**12, 10**12 + 3)) == [[], [], []]
    assert len(source._sums) == 1


# ----------------------------------------------------------------------- regular


def test_regular_by_hand():
    # Nodes begin at (40503 p mod 65536) / 65536 of 255: 0, 157.6, 60.2, 217.8, 120.4.
    # Node 0, b = 128: 128, 256 -> spike, 1. Node 1, b = 85: 242.6, 327.6 -> spike, 72.6.
    # Node 2, b = 255: always. Node 3, b = 0: never.
    # Node 4, b = 200: 320.4 -> spike, 65.4, 265.4 -> spike, 10.4, 210.4.
    images = np.array([[128, 85, 255, 0, 200]] * 2, np.uint8)
    source = Regular(images, Schedule(5, 3, 2), 255 * UNIT, SCALE)
    assert rows(source.spikes(0, 10)) == [[2, 4], [0, 1, 2, 4], [2], [], []] * 2


@pytest.mark.parametrize("mode", ["once", "endless", "repetitive"])
def test_regular_spikes_are_those_of_the_object_alone(mode):
    images = np.random.default_rng(3).integers(0, 256, (5, 21)).astype(np.uint8)
    made = Regular(images, Schedule(6, 4, 5, mode=mode), 255 * UNIT, SCALE)
    alone = [rows(Regular(images[k : k + 1], Schedule(6, 4, 1), 255 * UNIT, SCALE).spikes(0, 6)) for k in range(5)]
    for k in range(5):
        assert rows(made.spikes(6 * k, 6 * k + 6)) == alone[k]
        assert rows(made.spikes(6 * k + 2, 6 * k + 5)) == alone[k][2:5]
        counts = np.bincount(made.spikes(6 * k, 6 * k + 6)[1], minlength=21)
        assert (np.abs(counts - 4 * images[k].astype(int) / 255) < 1).all()


# ----------------------------------------------------------------------- poisson


@pytest.mark.parametrize("max_rate", [1.0, 0.3])
def test_poisson_is_the_numpy_definition(max_rate):
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (4, 37)).astype(np.uint8)
    key = hashing.key(11, hashing.stream(Stream.CODING, 2))
    source = Poisson(images, Schedule(6, 4, 4), max_rate, key)
    wanted = []
    for t in range(24):
        limit = np.rint(65536 * max_rate * images[t // 6].astype(float) / 255)
        draws = hashing.draw16(hashing.step_key(key, t), np.arange(37))
        wanted.append(np.flatnonzero(draws < limit).tolist() if t % 6 < 4 else [])
    assert rows(source.spikes(0, 24)) == wanted


def test_noise_is_the_numpy_definition():
    key = hashing.key(-3, hashing.stream(Stream.INPUT_NOISE, 1))
    wanted = [
        np.flatnonzero(hashing.draw16(hashing.step_key(key, t), np.arange(50)) < round(65536 * 0.21)).tolist()
        for t in range(100, 130)
    ]
    assert rows(Noise(50, 0.21, key).spikes(100, 130)) == wanted


@pytest.mark.parametrize("b", [1, 64, 128, 254])
def test_poisson_probability(b):
    steps, nodes = 500, 400
    source = Poisson(np.full((1, nodes), b, np.uint8), Schedule(steps, steps, 1), 1.0, 77)
    n, p = steps * nodes, b / 255
    found = len(source.spikes(0, steps)[1])
    assert abs(found - n * p) < 5 * math.sqrt(n * p * (1 - p)) + n * 2**-16


def test_white_always_fires_and_black_never():
    source = Poisson(np.array([[255, 0] * 50], np.uint8), Schedule(1000, 1000, 1), 1.0, 5)
    assert all(row == list(range(0, 100, 2)) for row in rows(source.spikes(0, 1000)))


def test_noise_certain_and_absent():
    assert rows(Noise(3, 1.0, 5).spikes(7, 9)) == [[0, 1, 2]] * 2
    assert rows(Noise(3, 0.0, 5).spikes(7, 9)) == [[], []]


# ------------------------------------------- the definition, in NumPy, at any size

SIZES = st.one_of(st.integers(1, 20), st.sampled_from([63, 64, 65, 127, 128, 130, 200]))
LIMITS = st.one_of(st.sampled_from([0, 1, 65535, 65536]), st.integers(0, 65536))


@st.composite
def timetables(draw):
    """A schedule and a stretch, which may begin and end anywhere."""
    period = draw(st.integers(1, 7))
    schedule = Schedule(
        period,
        draw(st.integers(1, period)),
        draw(st.integers(1, 4)),
        draw(st.integers(0, 9)),
        draw(st.sampled_from(["once", "repetitive", "endless"])),
    )
    start = draw(st.integers(0, 20))
    return schedule, start, start + draw(st.integers(0, 25))


def drawn(key, t, limit):
    """Nodes that fire at a step: 16-bit draws below their limits."""
    draws = hashing.draw16(hashing.step_key(key, t), np.arange(len(limit)))
    return np.flatnonzero(draws < limit).tolist()


def row_at(schedule, t):
    """Row of the data that spikes at a step of the data, -1 for silence."""
    shown, inside = divmod(t, schedule.period)
    return int(schedule.order(shown, shown + 1)[0]) if inside < schedule.presentation else -1


@settings(max_examples=100, deadline=None)
@given(timetables(), SIZES, st.lists(LIMITS, min_size=3, max_size=3), st.integers(0, 2**32 - 1))
def test_poisson_of_any_size_and_limits(when, size, limits, seed):
    schedule, start, stop = when
    rng = np.random.default_rng(seed)
    images = rng.choice(4, (schedule.n_objects, size), p=[0.7, 0.1, 0.1, 0.1]).astype(np.uint8)
    source = Poisson(images, schedule, 1.0, seed)
    source.limit[1:4] = limits
    wanted = []
    for t in range(start + schedule.skip, stop + schedule.skip):
        row = row_at(schedule, t)
        wanted.append(drawn(seed, t, source.limit[images[row]]) if row >= 0 else [])
    assert rows(source.spikes(start, stop)) == wanted


@settings(max_examples=60, deadline=None)
@given(SIZES, LIMITS, st.integers(0, 2**63), st.integers(0, 10**9), st.integers(0, 20))
def test_noise_of_any_size_and_limit(size, limit, key, start, steps):
    wanted = [drawn(key, t, np.full(size, limit)) for t in range(start, start + steps)]
    assert rows(Noise(size, limit / 65536, key).spikes(start, start + steps)) == wanted


@settings(max_examples=100, deadline=None)
@given(timetables(), SIZES, st.booleans(), st.integers(0, 2**32 - 1), st.sampled_from([7, 255 * UNIT, 2**31 - 1]))
def test_integrate_of_any_size_and_rates(when, size, scaled, seed, modulus):
    schedule, start, stop = when
    rng = np.random.default_rng(seed)
    scale = np.array([0, 1, modulus - 1, modulus, rng.integers(modulus), rng.integers(modulus)])
    values = rng.choice(6, (schedule.n_objects, size), p=[0.6, 0.08, 0.08, 0.08, 0.08, 0.08]).astype(np.uint8)
    state, wanted = np.zeros(size, np.int64), []
    for t in range(stop + schedule.skip):
        row, fires = row_at(schedule, t), np.zeros(size, bool)
        if row >= 0:
            state += scale[values[row]]
            fires = state >= modulus
            state -= modulus * fires
        wanted.append(np.flatnonzero(fires).tolist())
    source = Integrating(values if scaled else scale[values], schedule, modulus, scale if scaled else None)
    assert rows(source.spikes(start, stop)) == wanted[start + schedule.skip :]


@settings(max_examples=100, deadline=None)
@given(timetables(), SIZES, st.integers(0, 2**32 - 1), st.sampled_from([7, 255 * UNIT, 2**31 - 1]))
def test_regular_of_any_size_and_rates(when, size, seed, modulus):
    schedule, start, stop = when
    rng = np.random.default_rng(seed)
    scale = np.array([0, 1, modulus - 1, modulus, rng.integers(modulus), rng.integers(modulus)])
    values = rng.choice(6, (schedule.n_objects, size), p=[0.6, 0.08, 0.08, 0.08, 0.08, 0.08]).astype(np.uint8)
    phase = [p * TURN % 65536 * modulus // 65536 for p in range(size)]
    wanted = []
    for t in range(stop + schedule.skip):
        row, fires, shown = row_at(schedule, t), np.zeros(size, bool), t % schedule.period
        if shown == 0:
            state = np.array(phase, np.int64)
        if row >= 0:
            state += scale[values[row]]
            fires = state >= modulus
            state -= modulus * fires
        wanted.append(np.flatnonzero(fires).tolist())
    source = Regular(values, schedule, modulus, scale)
    assert rows(source.spikes(start, stop)) == wanted[start + schedule.skip :]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(-1, 3), max_size=5), st.integers(1, 6), st.data(), st.integers(0, 30), st.integers(0, 30)
)
def test_labels_at_any_stretch(nodes, period, data, start, steps):
    offsets = sorted(data.draw(st.sets(st.integers(0, period - 1))))
    wanted = []
    for t in range(start, start + steps):
        shown, inside = divmod(t, period)
        node = nodes[shown] if shown < len(nodes) and inside in offsets else -1
        wanted.append([node] if node >= 0 else [])
    made = Labels(np.array(nodes, np.int64), period, np.array(offsets, np.int64))
    assert rows(made.spikes(start, start + steps)) == wanted


def test_growing_rates_over_many_blocks(monkeypatch):
    """Spikes become more than the first block lets expect, so that the buffer has to grow."""
    images = np.repeat(np.arange(0, 256, 5, dtype=np.uint8)[:, None], 90, axis=1)
    schedule = Schedule(3, 2, len(images))
    whole = rows(Poisson(images, schedule, 1.0, 4).spikes(0, 3 * len(images)))
    assert sum(map(len, whole)) > 4000
    monkeypatch.setattr("colanet.encoding.stretch.ROOM", 32)
    assert rows(Poisson(images, schedule, 1.0, 4).spikes(0, 3 * len(images))) == whole


def test_images_in_any_layout_of_memory():
    rng = np.random.default_rng(5)
    images = rng.integers(0, 256, (4, 70)).astype(np.uint8)
    frozen = images.copy()
    frozen.setflags(write=False)
    for other in (np.asfortranarray(images), np.repeat(images, 2, axis=1)[:, ::2], frozen):
        for make in (lambda i: Poisson(i, Schedule(4, 3, 4), 0.5, 7), integrating):
            assert rows(make(other).spikes(1, 15)) == rows(make(images).spikes(1, 15))


# ------------------------------------------------------- any stretch at any time

IMAGES = np.random.default_rng(2).integers(0, 256, (7, 5)).astype(np.uint8)


def source(kind, period, presentation, skip, mode, steps):
    schedule = Schedule(period, presentation, len(IMAGES), skip, mode, steps)
    if kind == "poisson":
        signal = Poisson(IMAGES, schedule, 0.9, 3)
    elif kind in ("integrate", "regular"):
        signal = (Integrating if kind == "integrate" else Regular)(IMAGES, schedule, 255 * UNIT, SCALE)
    else:
        schedule = Schedule(1, 1, len(IMAGES), skip, mode, steps)
        pairs = np.nonzero(IMAGES > 128)
        signal = Rows(from_events(*pairs, len(IMAGES)), schedule)
    return Source("R", 5, schedule.n_steps, [signal, Noise(5, 0.2, 9), Pacemaker(4)])


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_chunks_make_the_whole(data):
    period = data.draw(st.integers(1, 6))
    made = source(
        data.draw(st.sampled_from(["poisson", "integrate", "regular", "rows"])),
        period,
        data.draw(st.integers(1, period)),
        data.draw(st.integers(0, 9)),
        data.draw(st.sampled_from(["once", "repetitive", "endless"])),
        data.draw(st.none() | st.integers(1, 40)),
    )
    whole = rows(made.spikes(0, 90))
    cuts = sorted(data.draw(st.lists(st.integers(0, 90), max_size=6)))
    edges = [0, *cuts, 90]
    parts = [rows(made.spikes(a, b)) for a, b in pairwise(edges)]
    assert [row for part in parts for row in part] == whole
    assert all(row == sorted(set(row)) for row in whole)


@pytest.mark.parametrize("kind", ["poisson", "integrate", "regular", "rows"])
def test_small_buffers_change_nothing(kind, monkeypatch):
    whole = rows(source(kind, 3, 2, 1, "repetitive", None).spikes(0, 100))
    monkeypatch.setattr("colanet.encoding.stretch.ROOM", 7)
    assert rows(source(kind, 3, 2, 1, "repetitive", None).spikes(0, 100)) == whole


def test_skip_drops_leading_steps_of_the_signal_only():
    plain = Integrating(IMAGES, Schedule(4, 3, 7), 255 * UNIT, SCALE)
    skipped = Integrating(IMAGES, Schedule(4, 3, 7, skip=6), 255 * UNIT, SCALE)
    assert rows(skipped.spikes(0, 20)) == rows(plain.spikes(6, 26))
    assert rows(Source("R", 5, 10, [Pacemaker(4)]).spikes(3, 6)) == [[], [0], []]


# ------------------------------------------------------------------- small parts


def test_union_of_parts():
    a = from_events(np.array([0, 0, 2]), np.array([1, 3, 0]), 3)
    b = from_events(np.array([0, 1, 2]), np.array([3, 2, 4]), 3)
    c = from_events(np.array([2]), np.array([0]), 3)
    assert rows(merge([a, b, c])) == [[1, 3], [2], [0, 4]]


def test_take_repeats_and_silences():
    a = from_events(np.array([0, 0, 2]), np.array([1, 3, 0]), 3)
    assert rows(take(a, np.array([2, -1, 0, 0, 1]))) == [[0], [], [1, 3], [1, 3], []]
    assert rows(take(a, np.zeros(0, np.int64))) == []


def test_labels_by_hand():
    made = Labels(np.array([4, -1, 2]), 3, np.array([0, 2]))
    assert rows(made.spikes(0, 12)) == [[4], [], [4], [], [], [], [2], [], [2], [], [], []]


def test_silent_after_the_end():
    made = Source("R", 1, 3, [Pacemaker(1)])
    assert rows(made.spikes(1, 6)) == [[0], [0], [], [], []]
    assert rows(made.spikes(8, 10)) == [[], []]
