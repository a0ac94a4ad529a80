"""Neuron migration: who moves, what moves with it, and that engines, chunks and resuming do not matter."""

from pathlib import Path

import numpy as np
import pytest

from colanet import config
from colanet.errors import CheckpointError, ConfigError
from colanet.migration import EMPTY, Migration, is_empty, migrate
from colanet.session import Session
from colanet.units import NEVER, ONE

CONFIGS = Path(__file__).parents[1] / "configs"

MIGRATION = Migration(empty=2, every=100, silent=100, moves=3, margin=1.5)


def session(engine: str = "numba", migration: Migration | None = MIGRATION, train: int = 400, **options) -> Session:
    network = config.load(CONFIGS / "mnist.yaml")
    network = config.override_all(network, {"population.L.size": "60"})
    return Session(
        network, base_dir=CONFIGS, engine=engine, copies=2, train=train, test=50, migration=migration, **options
    )


@pytest.fixture(scope="module")
def run():
    s = session()
    s.run()
    return s


def test_neurons_do_move_from_columns_with_little_to_columns_with_much_demand(run):
    assert run.moves
    for move in run.moves:
        assert move.source // 6 != move.target // 6


def test_as_many_places_are_filled_as_before_and_empty_ones_have_learnt_nothing(run):
    learner, state = run.plan.population("L"), run.state()
    fresh = session().state()
    for copy in range(2):
        empty = is_empty(state, learner, copy)
        assert empty.sum() == 20
        resources = state[f"{copy}/R->L/resource"].reshape(784, 60)
        assert (resources[:, empty] == fresh[f"{copy}/R->L/resource"].reshape(784, 60)[:, empty]).all()
        assert (state[f"{copy}/L/last_spike"][empty] == NEVER).all()


def test_filled_places_per_column_change_with_the_moves(run):
    state, learner = run.state(), run.plan.population("L")
    for copy in range(2):
        filled = np.full(10, 4)
        for move in run.moves:
            if move.copy == copy:
                filled[move.source // 6] -= 1
                filled[move.target // 6] += 1
        assert ((~is_empty(state, learner, copy)).reshape(10, 6).sum(axis=1) == filled).all()


@pytest.mark.slow
def test_reference_engine_and_other_chunks_give_the_same(run):
    few = session(train=120, chunk_steps=777)
    reference = session("reference", train=120)
    assert few.run().digest == reference.run().digest
    assert few.moves == reference.moves
    other = session(chunk_steps=1234)
    assert other.run().digest == run.result().digest


def test_resumed_equals_uninterrupted(run, tmp_path):
    first = session()
    first.run(150 * 20)
    first.checkpoint(tmp_path / "c.h5")
    second = session()
    second.resume(tmp_path / "c.h5")
    assert second.run().digest == run.result().digest


def test_a_checkpoint_with_migration_is_not_continued_without(tmp_path):
    first = session()
    first.run(20)
    first.checkpoint(tmp_path / "c.h5")
    with pytest.raises(CheckpointError, match="another configuration"):
        session(migration=None).resume(tmp_path / "c.h5")


def test_nothing_moves_after_freezing():
    s = session(train=400)
    s.run(freeze=0)
    assert s.moves == []


def test_one_round_worked_by_hand():
    """Column 0 (no demand) gives its two idle neurons, the most demanding column with an empty place first.

    Demands 0, 8, 12 of columns with 2 filled places of 3: column 2 takes one and its demand counts as
    12 x 2/3 = 8; then columns 1 and 2 tie and the lower takes the second.
    """
    s = session(migration=None)
    network = config.override_all(s.network, {"population.L.size": "30"})
    s = Session(network, base_dir=CONFIGS, copies=1, train=1, test=0)
    state, plan = s.state(), s.plan
    gate, last = state["0/L/gate"], state["0/L/last_spike"]
    gate[2::3] = EMPTY
    last[:] = 5000
    last[[0, 1]] = 10
    state["0/L/stability"][:] = 0
    state["0/R->L/resource"][:] = 7
    demand = np.zeros((1, 10), dtype=np.int64)
    demand[0, :3] = 0, 8, 12
    demand[0, 3:] = 1
    migration = Migration(empty=1, every=1, silent=100, moves=5, margin=1.5, least=0)
    moves = migrate(migration, plan, state, demand, 5001, 20)
    assert [(m.source, m.target) for m in moves] == [(0, 8), (1, 5)]
    assert gate[0] == gate[1] == EMPTY
    assert gate[8] > 0
    assert gate[5] > 0
    own = state["0/R->L/resource"].reshape(784, 30)
    assert (own[:, [0, 1, 5, 8]] == round(0.989612 * ONE)).all()
    assert (own[:, 3] == 7).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"population": "Q"}, "no population Q"),
        ({"population": "OUT"}, "expected a plastic population of at least 2 columns"),
        ({"demand": "L"}, "expected one a column"),
        ({"empty": 6}, "empty 6 \\+ least 1 exceeds the 6 places"),
    ],
)
def test_networks_without_what_it_takes_are_refused(change, said):
    with pytest.raises(ConfigError, match=said):
        session(migration=Migration(**change))


def test_bad_numbers_are_refused_together():
    with pytest.raises(ConfigError, match=r"every(.|\n)*margin"):
        Migration(every=0, margin=0.5)


def test_moves_go_with_checkpoints_and_bookmarks(run, tmp_path):
    first = session()
    first.run(200 * 20)
    first.checkpoint(tmp_path / "c.h5")
    place, moved = first.bookmark(), list(first.moves)
    first.run()
    assert first.moves == run.moves
    assert 0 < len(moved) < len(run.moves)
    first.return_to(place)
    assert first.moves == moved
    second = session()
    second.resume(tmp_path / "c.h5")
    assert second.moves == moved
    second.run()
    assert second.moves == run.moves
