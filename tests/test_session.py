"""However a run is made, cut, recorded, threaded, saved or resumed: the same bits come out."""

import gc
import json
import math
import weakref
from pathlib import Path

import numpy as np
import pytest

import colanet
from colanet.config.model import Network
from colanet.errors import CheckpointError, ConfigError, DataError
from colanet.session import Recording, Session
from colanet.storage import read_h5, write_h5
from colanet.units import BASE_THRESHOLD, MILLI, ONE
from tests import shipped

CONFIGS = shipped.CONFIGS
PUBLISHED = Path(__file__).parent / "plan" / "published.nnc"
"""CoLaNET on MNIST with fixed constants, so that tuning what ships moves no number here."""
SMALL = {"train": 60, "test": 20, "copies": 2}
PERIOD = 15
STEPS = 80 * PERIOD


@pytest.fixture(scope="module")
def network():
    return colanet.load(PUBLISHED)


def session_of(network, **values):
    return Session(network, **{**SMALL, "engine": "numba", "threads": 1, **values})


@pytest.fixture(scope="module")
def plain(network):
    """A finished run to compare with."""
    session = session_of(network)
    return session, session.run()


# ------------------------------------------------------------------- equality


@pytest.mark.parametrize(
    "values",
    [
        {"threads": 2},
        {"recording": Recording()},
        {"recording": Recording(("OUT", "Target"), 100, 200), "threads": 2},
        {"chunk_steps": 7},
        {"chunk_steps": 100, "threads": 2},
        {"chunk_steps": 7, "recording": Recording()},
    ],
    ids=str,
)
def test_nothing_but_the_question_changes_the_answer(network, plain, values):
    whole, expected = plain
    session = session_of(network, **values)
    result = session.run()
    assert result.digest == expected.digest
    assert (result.accuracy, result.unanswered) == (expected.accuracy, expected.unanswered)
    np.testing.assert_array_equal(session.tally.votes, whole.tally.votes)
    np.testing.assert_array_equal(session.tally.spikes, whole.tally.spikes)
    assert session.tally.events == whole.tally.events


@pytest.mark.slow
def test_reference_and_numba_are_bit_equal(network, plain):
    found = []
    for engine in ("reference", "numba"):
        session = session_of(network, engine=engine, recording=Recording())
        found.append((session, session.run()))
    (left, one), (right, other) = found
    assert one.engine == "reference"
    assert other.engine == "numba"
    assert one.digest == other.digest
    assert one.digest == plain[1].digest
    assert left.tally.events == right.tally.events
    np.testing.assert_array_equal(left.tally.votes, right.tally.votes)
    for copy in range(2):
        for name in ("L", "OUT", "BIASGATE"):
            np.testing.assert_array_equal(left.spikes(name, copy), right.spikes(name, copy))
    assert left.spikes("L").size
    assert left.spikes("BIASGATE").size


def test_the_seed_and_the_copies_matter(network, plain):
    _, expected = plain
    assert session_of(network, seed=1).run().digest != expected.digest
    assert session_of(network, copies=1).run().digest != expected.digest


def test_one_copy_of_two_is_the_copy_alone(network, plain):
    two, _ = plain
    one = session_of(network, copies=1)
    one.run()
    np.testing.assert_array_equal(one.resources("R->L"), two.resources("R->L"))
    assert (two.resources("R->L", 0) != two.resources("R->L", 1)).any()


# --------------------------------------------------------- inspecting a network


def test_arrays_have_the_documented_shapes_and_units(network, plain):
    session, _ = plain
    weights, resources = session.weights("R->L", 1), session.resources("R->L", 1)
    assert weights.shape == resources.shape == (784, 150)
    assert weights.min() >= -0.254
    assert weights.max() <= 0.093
    assert np.isfinite(weights).all()
    assert session.thresholds("L").shape == session.stability("L").shape == (150,)
    positive = np.maximum(session.weights("R->L"), 0).sum(axis=0)
    np.testing.assert_allclose(session.thresholds("L"), 8.531 + 0.217654 * positive, atol=0.0011)
    assert (session.thresholds("OUT") == BASE_THRESHOLD / MILLI).all()
    with pytest.raises(KeyError, match="no plastic projection L->OUT; there are R->L"):
        session.weights("L->OUT")
    with pytest.raises(KeyError):
        session.weights("X->L")


def test_absent_synapses_are_not_numbers():
    described = Network.model_validate(
        {
            "inputs": [{"name": "R", "kind": "noise", "size": 3, "noise": 0.5, "steps": 20}],
            "populations": [{"name": "N", "size": 3, "w_max": 1.0}],
            "projections": [{"source": "R", "target": "N", "kind": "plastic", "connection": "one_to_one"}],
        }
    )
    weights = Session(described, engine="reference").weights("R->N")
    np.testing.assert_array_equal(np.isnan(weights), ~np.eye(3, dtype=bool))


def test_resource_is_conserved_over_a_run(network, plain):
    session, _ = plain
    fresh = session_of(network)
    for copy in range(2):

        def total(of, copy=copy):
            state = of.state()
            resource = state[f"{copy}/R->L/resource"].astype(np.int64).reshape(784, 150).sum(axis=0)
            return resource + state[f"{copy}/L/debt"] + state[f"{copy}/L/virtual"]

        np.testing.assert_array_equal(total(session), total(fresh))


def test_thresholds_of_a_large_increment_do_not_wrap():
    described = Network.model_validate(
        {
            "inputs": [{"name": "R", "kind": "noise", "size": 1, "noise": 1.0, "steps": 3}],
            "populations": [{"name": "N", "size": 1, "threshold_increment": 1e6, "threshold_decay": 100_000}],
            "projections": [{"source": "R", "target": "N", "weight": 10}],
        }
    )
    session = Session(described, engine="reference")
    session.run(2)
    # It fires at step 1, the increment is whole right after.
    assert session.thresholds("N").tolist() == [1_000_008.531]


def test_frozen_networks_learn_nothing(network):
    session = session_of(network, train=10, test=0)
    before = session.resources("R->L")
    session.run(freeze=0)
    np.testing.assert_array_equal(session.resources("R->L"), before)
    other = session_of(network, train=10, test=0)
    other.run(freeze=7 * PERIOD)
    late = session_of(network, train=7, test=3)
    late.run()
    # The three images after the learning time are others, but nothing is learnt from any.
    assert (other.resources("R->L") != before).any()
    np.testing.assert_array_equal(other.resources("R->L"), late.resources("R->L"))


def test_results_count_only_finished_images(network):
    session = session_of(network)
    result = session.run(65 * PERIOD + 3)
    assert (result.train_images, result.test_images, result.steps) == (60, 5, 65 * PERIOD + 3)
    assert result.confusion is not None
    assert result.confusion.sum() == 5
    early = session_of(network).run(10 * PERIOD)
    assert early.accuracy is None
    assert early.confusion is None
    assert early.train_images == 10
    assert early.train_accuracy is not None


def test_what_a_result_says(network, plain):
    session, result = plain
    assert (result.copies, result.threads, result.seed, result.steps) == (2, 1, 0, STEPS)
    values = json.loads(json.dumps(result.as_dict()))
    assert np.array(values["confusion"]).shape == (11, 11)
    assert values["accuracy"] == np.trace(result.confusion) / 20
    assert session.labels().shape == (80,)


def test_an_input_without_end_needs_a_stop():
    described = Network.model_validate(
        {
            "inputs": [{"name": "R", "kind": "noise", "size": 3, "noise": 0.5}],
            "populations": [{"name": "N", "size": 1}],
        }
    )
    session = Session(described, engine="reference")
    with pytest.raises(ConfigError, match="has no end"):
        session.run()
    assert session.run(30).steps == 30


def test_more_images_than_there_are(network):
    with pytest.raises(DataError, match=r"60001 training objects, expected 0\.\.60000"):
        session_of(network, train=60_001)


# ------------------------------------------------------------------- recording


def test_records_are_a_window_of_the_whole(network):
    whole = session_of(network, recording=Recording(("L", "OUT", "R", "Target")))
    whole.run()
    part = session_of(network, recording=Recording(("OUT", "R"), 100, 400), chunk_steps=37)
    part.run()
    for name, copy in (("OUT", 0), ("OUT", 1), ("R", 0)):
        rows = whole.spikes(name, copy)
        inside = (rows[:, 0] >= 100) & (rows[:, 0] < 400)
        np.testing.assert_array_equal(part.spikes(name, copy), rows[inside])
    assert len(whole.spikes("L", 1)) == whole.tally.spikes[1, 0]
    # The label node spikes once an image, at step 11 of 15, while learning lasts.
    expected = [[PERIOD * i + 11, label] for i, label in enumerate(whole.labels()[:60].tolist())]
    assert whole.spikes("Target").tolist() == expected
    with pytest.raises(KeyError):
        part.spikes("L")


def test_the_window_includes_its_first_step_and_excludes_its_last(network):
    whole = session_of(network, recording=Recording(("L",)))
    whole.run()
    rows = whole.spikes("L")
    first, last = int(rows[3, 0]), int(rows[8, 0])
    part = session_of(network, recording=Recording(("L",), first, last))
    part.run()
    found = part.spikes("L")
    assert found[0, 0] == first
    assert found[-1, 0] == rows[rows[:, 0] < last][-1, 0] < last
    np.testing.assert_array_equal(found, rows[(rows[:, 0] >= first) & (rows[:, 0] < last)])


def test_an_unknown_section_is_named(network):
    with pytest.raises(ConfigError, match="unknown population or input X; known: L, OUT, BIASGATE, R, Target"):
        session_of(network, recording=Recording(("X",)))


def test_votes_are_the_spikes_of_the_readout(network):
    session = session_of(network, recording=Recording(("OUT",)))
    session.run()
    votes = np.zeros_like(session.tally.votes)
    for copy in range(2):
        rows = session.spikes("OUT", copy)
        np.add.at(votes, (rows[:, 0] // PERIOD, rows[:, 1]), 1)
    np.testing.assert_array_equal(votes, session.tally.votes)


# ---------------------------------------------------------- save, load, resume


@pytest.mark.parametrize("cut", [1, 7 * PERIOD + 4, 40 * PERIOD, STEPS - 1])
def test_a_resumed_run_equals_an_uninterrupted_one(network, tmp_path, cut):
    whole = session_of(network, recording=Recording(("L", "OUT", "Target"), 50, 900))
    expected = whole.run()
    first = session_of(network, recording=whole.recording)
    first.run(cut)
    first.checkpoint(tmp_path / "c.h5")
    second = session_of(network, recording=whole.recording, threads=2)
    second.resume(tmp_path / "c.h5")
    assert second.step == cut
    result = second.run()
    assert result.digest == expected.digest
    assert result.confusion is not None
    np.testing.assert_array_equal(result.confusion, expected.confusion)
    np.testing.assert_array_equal(second.tally.votes, whole.tally.votes)
    np.testing.assert_array_equal(second.tally.spikes, whole.tally.spikes)
    assert second.tally.events == whole.tally.events
    assert second.tally.seconds > first.tally.seconds
    for key in whole.tally.records:
        copy, name = key.split("/")
        np.testing.assert_array_equal(second.spikes(name, int(copy)), whole.spikes(name, int(copy)))


def test_a_checkpoint_moves_between_engines(network, tmp_path):
    whole = session_of(network, train=6, test=2).run()
    first = session_of(network, train=6, test=2, engine="reference")
    first.run(50)
    first.checkpoint(tmp_path / "c.h5")
    second = session_of(network, train=6, test=2)
    second.resume(tmp_path / "c.h5")
    assert second.run().digest == whole.digest


def test_a_loaded_state_goes_on(network, tmp_path):
    first = session_of(network)
    first.run()
    first.save(tmp_path / "s.h5")
    second = session_of(network)
    second.load(tmp_path / "s.h5")
    assert (second.origin, second.step) == (STEPS, 0)
    np.testing.assert_array_equal(second.weights("R->L", 1), first.weights("R->L", 1))
    second.run()
    # The same as showing the data to the first one again.
    first.rest(0)
    assert first.run().digest == second.result().digest


def test_a_state_saved_inside_an_image_waits_for_the_next(network, tmp_path):
    first = session_of(network)
    first.run(40 * PERIOD + 4)
    first.save(tmp_path / "s.h5")
    second = session_of(network)
    second.load(tmp_path / "s.h5")
    assert second.origin == 41 * PERIOD
    np.testing.assert_array_equal(second.resources("R->L"), first.resources("R->L"))
    assert (second.state()["0/L/potential"] != first.state()["0/L/potential"]).any()


def test_a_configuration_names_its_state(network, tmp_path):
    first = session_of(network)
    first.run()
    first.save(tmp_path / "s.h5")
    described = network.model_copy(update={"state": "s.h5"})
    second = session_of(described, base_dir=tmp_path)
    np.testing.assert_array_equal(second.resources("R->L"), first.resources("R->L"))


@pytest.mark.parametrize(
    "values",
    [{"seed": 1}, {"train": 59}, {"test": 19}, {"copies": 1}, {"recording": Recording()}],
    ids=str,
)
def test_a_checkpoint_of_another_run_is_refused(network, tmp_path, values):
    first = session_of(network)
    first.run(30)
    first.checkpoint(tmp_path / "c.h5")
    with pytest.raises(CheckpointError, match=r"c\.h5: was written with another"):
        session_of(network, **values).resume(tmp_path / "c.h5")


def test_files_of_another_kind_are_refused(network, tmp_path):
    session = session_of(network)
    result = session.run(30)
    session.checkpoint(tmp_path / "c.h5")
    session.save(tmp_path / "s.h5")
    session.write_results(tmp_path / "r.h5", result)
    for name, kind in (("c.h5", "checkpoint"), ("r.h5", "results")):
        with pytest.raises(CheckpointError, match=f"found {kind}, expected a saved state"):
            session_of(network).load(tmp_path / name)
    with pytest.raises(CheckpointError, match="found state, expected a checkpoint"):
        session_of(network).resume(tmp_path / "s.h5")


def test_a_state_of_another_network_is_refused(network, tmp_path):
    session_of(network, copies=1).save(tmp_path / "s.h5")
    with pytest.raises(CheckpointError, match=r"s\.h5: the state does not belong to this network: missing 1/"):
        session_of(network).load(tmp_path / "s.h5")


@pytest.mark.parametrize("lost", ["tally/votes", "state/0/L/potential", "step", "fingerprint"])
def test_a_checkpoint_with_something_missing_is_refused(network, tmp_path, lost):
    session = session_of(network)
    session.checkpoint(tmp_path / "c.h5")
    arrays, attributes = read_h5(tmp_path / "c.h5")
    arrays.pop(lost, None)
    attributes.pop(lost, None)
    write_h5(tmp_path / "c.h5", arrays, attributes)
    with pytest.raises(CheckpointError, match=r"c\.h5: "):
        session_of(network).resume(tmp_path / "c.h5")


def test_a_refused_checkpoint_changes_nothing(network, plain, tmp_path):
    _, expected = plain
    first = session_of(network, seed=1)
    first.run(300)
    first.checkpoint(tmp_path / "c.h5")
    session = session_of(network)
    with pytest.raises(CheckpointError):
        session.resume(tmp_path / "c.h5")
    assert session.run().digest == expected.digest


# -------------------------------------------------------------------- statistics


def test_the_single_neuron_fires_as_in_the_manual():
    # ArNI-X 2.2: 259.6 spikes in 1,000 steps, standard deviation 4.7 between seeds.
    described = colanet.load(CONFIGS / "single_neuron.nnc")
    counts = []
    for seed in range(100):
        session = Session(described, seed=seed, engine="numba", threads=1)
        session.run()
        counts.append(int(session.tally.spikes.sum()))
    assert abs(np.mean(counts) - 259.6) < 4 * 4.7 / math.sqrt(len(counts))
    assert 3.5 < np.std(counts) < 6.1


def test_resources_start_at_the_weight_zero(network):
    session = session_of(network)
    assert (session.weights("R->L") == 0).all()
    assert (session.resources("R->L") == round(0.946561 * ONE) / ONE).all()


# ----------------------------------------------------------- several data sets


def test_a_bookmark_undoes_a_test_and_the_run_goes_on_as_if_it_had_not_been(network, plain):
    session, other = session_of(network), session_of(network, train=10, test=20)
    session.run(30 * PERIOD)
    place = session.bookmark()
    session.present(other.presentation)
    session.run(freeze=0)
    assert session.result().test_images == 20
    session.return_to(place)
    assert session.run().digest == plain[1].digest
    np.testing.assert_array_equal(session.tally.votes, plain[0].tally.votes)
    np.testing.assert_array_equal(session.tally.spikes, plain[0].tally.spikes)


def test_a_bookmark_can_be_returned_to_more_than_once(network, plain):
    session = session_of(network)
    session.run(30 * PERIOD)
    place = session.bookmark()
    for _ in range(2):
        session.return_to(place)
        session.run()
        np.testing.assert_array_equal(session.tally.votes, plain[0].tally.votes)
        np.testing.assert_array_equal(session.tally.spikes, plain[0].tally.spikes)


def test_other_data_begin_with_an_object_and_time_goes_on(network):
    session = session_of(network)
    session.run(10 * PERIOD + 4)
    session.present(session_of(network, train=5, test=0).presentation)
    assert (session.origin, session.step) == (11 * PERIOD, 0)
    assert not session.tally.votes.any()
    assert session.run().train_images == 5


def test_other_inputs_are_refused_and_nothing_changes(network, plain):
    session = session_of(network)
    session.run(10 * PERIOD)
    with pytest.raises(ConfigError, match="expected"):
        session.present(Session(colanet.load(CONFIGS / "mnist.yaml"), train=1, test=0).presentation)
    assert session.run().digest == plain[1].digest


def test_nothing_keeps_the_plan_of_a_session_that_is_gone(network):
    """A search makes thousands of sessions, each with a plan of some MB."""
    session = session_of(network, train=2, test=1)
    session.run()
    gone = [weakref.ref(thing) for thing in (session.plan, session.engine, session.presentation)]
    del session
    gc.collect()
    assert [ref() for ref in gone] == [None, None, None]
