"""The hash: published numbers, an independent computation in plain Python, and the kernels' copy of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from colanet import hashing
from colanet.hashing import Stream

GOLDEN, MASK = 0x9E3779B97F4A7C15, 2**64 - 1
words = st.integers(0, MASK)


def plain_mix(z):
    """The finaliser of SplitMix64 with Python's unbounded integers."""
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return z ^ z >> 31


def test_the_first_numbers_of_splitmix64_are_the_published_ones():
    """State 1234567: the first outputs of S. Vigna's reference implementation, splitmix64.c."""
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    states = np.array([(1234567 + k * GOLDEN) & MASK for k in range(1, 5)], dtype=np.uint64)
    assert hashing.mix(states).tolist() == expected


@given(seed=words, stream=st.integers(0, 2**32 - 1), copy=st.integers(0, 65535), step=st.integers(0, 2**61))
def test_keys_and_draws_follow_their_formulas(seed, stream, copy, step):
    outer = plain_mix((seed + GOLDEN) & MASK)
    key = plain_mix((outer + ((stream << 32) | copy) * GOLDEN + GOLDEN) & MASK)
    now = plain_mix((key + step * GOLDEN + GOLDEN) & MASK)
    draws = [plain_mix((now + i * GOLDEN + GOLDEN) & MASK) for i in range(9)]
    assert hashing.key(seed, stream, copy) == key
    assert hashing.step_key(key, step) == now
    assert hashing.draw64(now, np.arange(9)).tolist() == draws
    lanes = [draws[i >> 2] >> 16 * (i & 3) & 0xFFFF for i in range(36)]
    assert hashing.draw16(now, np.arange(36)).tolist() == lanes
    assert hashing.uniform(now, np.arange(9)).tolist() == [(d >> 11) / 2**53 for d in draws]


def plain_jenkins(a):
    """The 32-bit hash with Python's unbounded integers."""
    cut = 2**32 - 1
    a = (a + 0x7ED55D16) + (a << 12) & cut
    a = (a ^ 0xC761C23C) ^ (a >> 19)
    a = (a + 0x165667B1) + (a << 5) & cut
    a = (a + 0xD3A2646C & cut) ^ (a << 9 & cut)
    a = (a + 0xFD7046C5) + (a << 3) & cut
    return (a ^ 0xB55A4F09) ^ (a >> 16)


@given(key=words, step=st.integers(0, 2**61))
def test_draws_of_the_32_bit_hash_follow_their_formulas(key, step):
    now = plain_jenkins((key + step) % 2**32)
    draws = [plain_jenkins((now + i) % 2**32) for i in range(9)]
    assert hashing.step_key32(key, step) == now
    assert hashing.draw32(now, np.arange(9)).tolist() == draws
    halves = [draws[i >> 1] >> 16 * (i & 1) & 0xFFFF for i in range(18)]
    assert hashing.draw16_32(now, np.arange(18)).tolist() == halves


def test_the_32_bit_hash_is_a_bijection_and_looks_random():
    # One to one on 2^20 neighbours, as its lines can each be undone.
    hashed = hashing.jenkins(np.arange(1 << 20))
    assert len(np.unique(hashed)) == 1 << 20
    # Kicks of 150 neurons over 2,000 steps: bytes by chi-squared, neighbours in space and time uncorrelated.
    keys = [hashing.step_key32(12345, step) for step in range(2000)]
    draws = np.array([hashing.draw16_32(key, np.arange(150)) for key in keys])
    counts = np.bincount(draws.ravel() >> 8, minlength=256)
    assert ((counts - counts.mean()) ** 2 / counts.mean()).sum() < 255 + 5 * np.sqrt(2 * 255)
    scaled = draws / 65536 - 0.5
    across, along = (scaled[:, :-1], scaled[:, 1:]), (scaled[:-1], scaled[1:])
    for one, other in (across, along, (scaled[:, ::2], scaled[:, 1::2])):
        assert abs((one * other).mean() * 12) < 5 / np.sqrt(one.size)


@given(seed=st.integers(0, 2**63 - 1), n=st.integers(0, 60))
def test_a_shuffle_is_the_order_of_the_hashes(seed, n):
    now = hashing.step_key(hashing.key(seed, hashing.stream(Stream.PIXELS, 0)), 0)
    order = sorted(range(n), key=lambda i: (plain_mix((now + i * GOLDEN + GOLDEN) & MASK), i))
    assert hashing.shuffled(seed, hashing.stream(Stream.PIXELS, 0), n).tolist() == order


def test_a_shuffle_with_equal_hashes_keeps_their_order(monkeypatch):
    monkeypatch.setattr(hashing, "draw64", lambda key, index: np.asarray(index) // 2 * -1)
    assert hashing.shuffled(0, 0, 6).tolist() == [4, 5, 2, 3, 0, 1]


def test_streams_of_objects_are_distinct():
    numbers = {hashing.stream(kind, index) for kind in Stream for index in (0, 1, 2**24 - 1)}
    assert len(numbers) == 3 * len(Stream)
    assert max(numbers) < 2**32


@pytest.mark.parametrize("seed", [0, 1, 2**63 - 1])
def test_a_shuffle_depends_on_seed_and_stream(seed):
    first = hashing.shuffled(seed, hashing.stream(Stream.SPLIT, 0), 100)
    assert (first != hashing.shuffled(seed ^ 2, hashing.stream(Stream.SPLIT, 0), 100)).any()
    assert (first != hashing.shuffled(seed, hashing.stream(Stream.SPLIT, 1), 100)).any()
