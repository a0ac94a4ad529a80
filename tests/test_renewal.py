"""Neuron renewal: who begins anew, with what, and that engines, chunks, tests and resuming do not matter."""

from pathlib import Path

import numpy as np
import pytest

from colanet import config
from colanet.errors import CheckpointError, ConfigError
from colanet.observers.renewal import Renewer
from colanet.renewal import Renewal, check
from colanet.session import Session
from colanet.units import NEVER

CONFIGS = Path(__file__).parents[1] / "configs"


def session(engine="numba", every=50, silent=100, train=600, **options):
    network = config.override_all(config.load(CONFIGS / "mnist.yaml"), {"population.L.size": "60"})
    renewer = Renewer(Renewal(every=every, silent=silent))
    made = Session(
        network, base_dir=CONFIGS, engine=engine, copies=2, train=train, test=20, observers=[renewer], **options
    )
    return made, renewer


@pytest.fixture(scope="module")
def run():
    made, renewer = session()
    made.run()
    return made, renewer


def test_who_was_silent_for_so_long_begins_anew_and_nobody_else():
    """Round by round, beside the same network without renewal up to the first neuron that begins anew."""
    made, renewer = session(train=2000)
    plain, _ = session(silent=1 << 40, train=2000)
    last = np.full((2, 60), NEVER)
    silent = np.zeros((2, 60), dtype=int)
    for now in range(50, 2001, 50):
        made.run(now * 20)
        plain.run(now * 20)
        state = plain.state()
        new = np.stack([state[f"{copy}/L/last_spike"] for copy in range(2)])
        silent = np.where(new != last, 0, silent + 50)
        last = new
        due = (silent >= 100) & (last != NEVER)
        if due.any():
            break
        assert not renewer.renewed.any()
    assert 0 < due.sum() < 120
    np.testing.assert_array_equal(renewer.renewed, due.sum(axis=1))
    state, found, fresh = plain.state(), made.state(), session(train=2000)[0].state()
    for copy in range(2):
        for variable in ("last_spike", "stability", "debt", "potential"):
            key = f"{copy}/L/{variable}"
            np.testing.assert_array_equal(found[key], np.where(due[copy], fresh[key], state[key]), err_msg=variable)
        key = f"{copy}/R->L/resource"
        shape = (784, 60)
        expected = np.where(due[copy], fresh[key].reshape(shape), state[key].reshape(shape))
        np.testing.assert_array_equal(found[key].reshape(shape), expected)


def test_neurons_that_never_fired_have_nothing_to_lose():
    made, renewer = session(every=5, silent=5, train=10)
    made.run(10 * 20)
    fired = sum((made.state()[f"{copy}/L/last_spike"] != NEVER).sum() for copy in range(2))
    assert renewer.renewed.sum() + fired < 40  # ten images tell few neurons to fire, and sixty stay as they are


@pytest.mark.parametrize("options", [{"chunk_steps": 777}, {"threads": 1}], ids=["chunks", "threads"])
def test_chunks_and_threads_do_not_matter(run, options):
    made, renewer = session(**options)
    assert made.run().digest == run[0].result().digest
    np.testing.assert_array_equal(renewer.renewed, run[1].renewed)
    assert renewer.renewed.all()


@pytest.mark.slow
def test_engines_do_not_matter():
    found = []
    for engine in ("reference", "numba"):
        made, renewer = session(engine, every=10, silent=20, train=80)
        found.append((made.run().digest, renewer.renewed.tolist()))
    assert found[0] == found[1]
    assert sum(found[0][1])


def test_resumed_equals_uninterrupted(run, tmp_path):
    first, _ = session()
    first.run(333 * 20)
    first.checkpoint(tmp_path / "c.h5")
    second, renewer = session()
    second.resume(tmp_path / "c.h5")
    assert second.run().digest == run[0].result().digest
    np.testing.assert_array_equal(renewer.renewed, run[1].renewed)


def test_checkpoints_of_another_renewal_are_refused(tmp_path):
    first, _ = session(train=80, every=50, silent=50)
    first.run(60 * 20)
    first.checkpoint(tmp_path / "c.h5")
    second, renewer = session(train=80, every=10, silent=50)
    with pytest.raises(CheckpointError, match=r"every=50, silent=50\), expected .*every=10"):
        second.resume(tmp_path / "c.h5")
    assert renewer.since[0] == 0


def test_a_renewer_counts_for_one_session():
    first, renewer = session(train=120, every=50, silent=50)
    first.run()
    assert renewer.since[0] == 20 * 20
    network = first.network
    Session(network, base_dir=CONFIGS, engine="numba", copies=1, train=10, test=2, observers=[renewer])
    assert renewer.since[0] == renewer.renewed.sum() == 0
    assert renewer.silence.shape == (1, 60)


def test_only_what_is_learnt_counts():
    """Images that are not learnt, in between, age nobody; a round may begin before them and end after."""
    made, renewer = session(train=70, every=50, silent=50)
    presentation = made.presentation
    made.run(70 * 20)
    assert renewer.since[0] == 20 * 20
    silence = renewer.silence.copy()
    made.present(presentation)
    made.run(70 * 20, freeze=0)
    assert renewer.since[0] == 20 * 20
    np.testing.assert_array_equal(renewer.silence, silence)
    made.present(presentation)
    made.run(30 * 20, freeze=70 * 20)
    assert renewer.since[0] == 0


def test_what_cannot_be_renewed_is_refused():
    made, _ = session(train=10)
    with pytest.raises(ConfigError, match="there is no population X; there are L, OUT"):
        check(Renewal(population="X"), made.plan)
    with pytest.raises(ConfigError, match="population OUT: expected a plastic population"):
        check(Renewal(population="OUT"), made.plan)
    with pytest.raises(ConfigError, match="renewal silent: 0 is out of range"):
        Renewal(silent=0)
