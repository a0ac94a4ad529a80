"""Copies shared out to threads: nothing lost, nothing twice, earlier steps first."""

from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colanet.engine.shares import run_shares, shares


def test_fifteen_copies_on_two_threads():
    first, second = shares(15, 2, 0, 100)
    assert first == [(copy, 0, 100) for copy in range(7)] + [(7, 50, 100)]
    assert second == [(7, 0, 50)] + [(copy, 0, 100) for copy in range(8, 15)]


def test_no_steps_are_a_piece_of_every_copy():
    assert run_shares(shares(3, 2, 5, 5), lambda copy, first, last: (copy, last - first), None) == [
        [(5, (copy, 0))] for copy in range(3)
    ]


@given(st.integers(1, 20).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n))), st.integers(1, 60))
def test_every_step_once_and_in_order(numbers, length):
    copies, threads = numbers
    made, lock = [], Lock()

    def one(copy, first, last):
        with lock:
            made.append((copy, first, last))
        return first, last

    plan = shares(copies, threads, 7, 7 + length)
    sizes = [sum(last - first for _, first, last in share) for share in plan]
    assert max(sizes) == -(-copies * length // threads)
    with ThreadPoolExecutor(threads) as helpers:
        results = run_shares(plan, one, helpers)
    assert len(results) == copies
    for copy, parts in enumerate(results):
        steps = [step for first, (_, last) in parts for step in range(first, last)]
        assert steps == list(range(7, 7 + length))
        assert [first for c, first, _ in made if c == copy] == [first for first, _ in parts]


def test_a_failure_is_raised_and_nobody_waits_for_ever():
    def one(copy, first, last):
        if first == 0:
            raise ValueError(f"copy {copy}")
        return copy

    with ThreadPoolExecutor(1) as helpers, pytest.raises(ValueError, match="copy"):
        run_shares(shares(3, 2, 0, 10), one, helpers)


@pytest.mark.parametrize("failing", range(5))
def test_a_failure_in_any_share_ends_all(failing):
    """Five copies on four threads wait for each other in a row."""

    def one(copy, first, last):
        if copy == failing:
            raise ValueError(f"copy {copy}")
        return copy

    with ThreadPoolExecutor(3) as helpers, pytest.raises(ValueError, match=f"copy {failing}"):
        run_shares(shares(5, 4, 0, 100), one, helpers)


def test_a_helper_that_cannot_start_leaves_nobody_waiting():
    class Tired(ThreadPoolExecutor):
        def submit(self, *arguments):
            if self.left == 0:
                raise RuntimeError("no more threads")
            self.left -= 1
            return super().submit(*arguments)

    with Tired(3) as helpers, pytest.raises(RuntimeError, match="no more threads"):
        helpers.left = 1
        run_shares(shares(5, 4, 0, 100), lambda copy, first, last: copy, helpers)
