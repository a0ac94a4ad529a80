"""The game by itself: its moves, hits and nodes worked by hand, and the tables made of its log."""

from types import SimpleNamespace

import numpy as np
import pytest

from experiments.ping_pong import measure
from experiments.ping_pong.ping_pong import MET, NEARED, RACKET, SIDE, VX, VY, World, X, Y


def world(move=0, frames=3, period=20):
    made = World(frames * period, seed=7)
    readout = SimpleNamespace(move=lambda frame: move)
    made.begin(SimpleNamespace(presentation=SimpleNamespace(period=period), readout=readout))
    return made


def played(row, move=0):
    """The row of the log after a frame that began as the row says: ball, velocity, racket."""
    made = world(move)
    made.log[0, :MET] = row
    made.play(0)
    return made.log[1].tolist()


@pytest.mark.parametrize(
    ("before", "move", "after"),
    [
        ((150, 100, 12, 5, 150), 0, [162, 105, 12, 5, 150, 0, 0]),  # it flies
        ((150, 100, 12, 5, 150), -1, [162, 105, 12, 5, 130, 0, 1]),  # the racket comes nearer
        ((150, 100, 12, 5, 150), 1, [162, 105, 12, 5, 170, 0, -1]),  # it goes away
        ((150, 295, 12, 9, 150), 0, [162, 294, 12, -9, 150, 0, 0]),  # the upper wall: 304 is 5 beyond 299
        ((150, 4, 12, -9, 150), 0, [162, 5, 12, 9, 150, 0, 0]),  # the lower wall: -5
        ((290, 100, 15, 5, 150), 0, [293, 105, -15, 5, 150, 0, 0]),  # the wall on the right: 305 is 6 beyond 299
        ((150, 100, 12, 5, 265), 1, [162, 105, 12, 5, 270, 0, -1]),  # the racket ends at the wall
        ((150, 100, 12, 5, 35), -1, [162, 105, 12, 5, 30, 0, -1]),
    ],
)
def test_a_frame_by_hand(before, move, after):
    assert played(before, move) == after


@pytest.mark.parametrize(
    ("height", "met"), [(120, 1), (180, 1), (119, -1), (181, -1)]
)  # fmt: skip
def test_the_racket_hits_as_far_as_it_reaches(height, met):
    after = played((5, height, -12, 0, 150))
    assert after[MET] == met
    assert 12 <= after[VX] <= 18
    assert 3 <= abs(after[VY]) <= 12
    assert (after[X], after[Y]) == (7, height) if met == 1 else after[X] == SIDE // 2


def test_nodes_by_hand():
    made = world()
    made.log[0, :MET] = 150, 299, 18, -12, 30
    assert made.nodes(0) == [15, 30 + 29, 60 + 8, 69 + 2, 78 + 3]
    made.log[0, :MET] = 45, 100, -18, 12, 120  # 45 // 20 = 2, (-20 + 50) // 20 = 1
    assert made.nodes(0) == [4, 30 + 10, 60 + 0, 69 + 6, 78 + 12, 108 + 2 * 5 + 1]


def test_all_nodes_are_within_the_input():
    made = world(frames=2000)
    random = np.random.default_rng(0)
    made.readout.move = lambda frame: random.integers(-1, 2)
    found = set()
    for frame in range(2000):
        nodes = made.nodes(frame)
        assert nodes == sorted(set(nodes))
        found |= set(nodes)
        made.play(frame)
    assert found <= set(range(133))
    assert len(found) > 100
    assert set(np.unique(made.log[:, MET])) == set(np.unique(made.log[:, NEARED])) == {-1, 0, 1}
    assert made.log[:, RACKET].min() == 30
    assert made.log[:, RACKET].max() == 270


def test_spikes_are_the_same_however_they_are_asked_for():
    made = world(frames=5)
    for frame in range(5):
        made.play(frame)
    whole = made.spikes(0, 100)
    assert whole.reshape(5, 20, 133)[:, 10:].sum() == 0
    assert (whole.reshape(5, 20, 133)[:, :10].sum(axis=2) == [[len(made.nodes(frame))] for frame in range(5)]).all()
    for first, last in ((0, 7), (7, 23), (23, 24), (24, 100), (35, 35)):
        assert (made.spikes(first, last) == whole[first:last]).all()


def test_dopamine_comes_after_the_frame():
    made = world(frames=3)
    made.log[1:, MET], made.log[1:, NEARED] = (1, -1, 0), (-1, 1, 1)
    hit, missed, nearer = (made.beside({"when": when}) for when in ("hit", "missed", "nearer"))
    assert np.flatnonzero(hit.spikes(0, 60)).tolist() == [20]
    assert np.flatnonzero(missed.spikes(0, 60)).tolist() == [40]
    assert (np.flatnonzero(nearer.spikes(30, 60)) + 30).tolist() == [40]


def test_counts_and_table_by_hand():
    log = np.zeros((7, 7), dtype=np.int16)
    log[1:, MET] = 1, -1, 0, 1, 1, -1
    assert measure.counted(log, 3) == {"hits": [1, 2], "missed": [1, 1]}
    runs = [{"hits": [1, 3, 4], "missed": [3, 1, 0]}, {"hits": [3, 3, 3], "missed": [1, 1, 1]}]
    record = {"window": 3, "learning": 6, "frozen": 3, "players": [{"name": "A", "runs": runs}]}
    head, _, row = measure.table(record).splitlines()
    assert head == (
        "| player | seeds | frames 1 to 3 (% ± s.d.) | frames 4 to 6 (% ± s.d.) | then 3 frozen (% ± s.d.) |"
    )
    assert row == "| A | 2 | 50.0 ± 35.4 | 75.0 ± 0.0 | 87.5 ± 17.7 |"


def test_drawn_moves_go_up_and_down():
    options = measure.Options(learning=900, frozen=100)
    log = measure.play(options, 3, None)
    steps = np.diff(log[:, RACKET])
    assert 0.4 < (steps[steps != 0] > 0).mean() < 0.6
    assert (steps != 0).mean() > 0.8  # at a wall it stays
