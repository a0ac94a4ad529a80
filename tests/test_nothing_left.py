"""A run with nothing left to do is no error: it ends with the result of what has been run, or with one line."""

import json
import warnings

import numpy as np
import pytest

import colanet
from colanet.config.model import Network
from colanet.encoding.arrays import present_arrays
from colanet.errors import ConfigError, DataError, DataWarning
from colanet.session import Recording, Session

ROWS = "@\n.\n@\n"


def relay(**values):
    """One neuron that fires a step after every spike of the input."""
    return Network.model_validate(
        {
            "inputs": [{"name": "R", "kind": "text", "source": "rows.txt", **values}],
            "populations": [{"name": "N", "size": 1}],
            "projections": [{"source": "R", "target": "N", "connection": "one_to_one", "weight": 9}],
        }
    )


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "rows.txt").write_text(ROWS)
    return tmp_path


def session_of(folder, network=None, **values):
    return Session(network or relay(), base_dir=folder, engine="reference", **values)


@pytest.mark.parametrize("engine", ["reference", "numba"])
@pytest.mark.parametrize("stops", [(None, None), (2, 2), (3, 2), (2, 0), (0, 0), (0, None), (None, 3)], ids=str)
def test_running_again_changes_nothing_and_gives_the_result(folder, engine, stops):
    session = Session(relay(), base_dir=folder, engine=engine, recording=Recording(("N", "R")))
    first = session.run(stops[0])
    again = session.run(stops[1])
    reached = max(3 if stop is None else stop for stop in stops)
    assert again.steps == reached
    once = session_of(folder, recording=Recording(("N", "R")))
    assert again.digest == once.run(reached).digest
    assert (first.digest == again.digest) == (first.steps == again.steps)
    np.testing.assert_array_equal(session.spikes("N"), once.spikes("N"))


def test_no_step_at_all(folder):
    session = session_of(folder, recording=Recording())
    result = session.run(stop=0)
    assert (result.steps, result.accuracy, result.image_copies_per_second) == (0, None, 0)
    assert session.spikes("N").shape == (0, 2)


def test_a_stop_before_the_beginning_is_one_line(folder):
    with pytest.raises(ConfigError, match=r"^stop: expected a whole number, 0 to \d+, not -1$"):
        session_of(folder).run(stop=-1)


def test_beyond_the_data_there_is_silence(folder):
    session = session_of(folder, recording=Recording(("R", "N")))
    assert session.run(stop=9).steps == 9
    assert session.spikes("R").tolist() == [[0, 0], [2, 0]]
    assert session.spikes("N").tolist() == [[1, 0], [3, 0]]


@pytest.mark.parametrize("skip", [3, 4, 1000])
def test_skipping_everything_warns_and_ends_at_once(folder, skip):
    with pytest.warns(DataWarning, match=rf"input R: skip {skip} \(tacts_to_skip\) leaves no step of rows\.txt"):
        session = session_of(folder, relay(skip=skip))
    assert session.run().steps == 0


@pytest.mark.parametrize(
    ("values", "steps"), [({"skip": 2}, 1), ({"skip": 5, "mode": "repetitive", "steps": 4}, 4)]
)
def test_skipping_a_part_is_silent(folder, values, steps):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert session_of(folder, relay(**values)).run().steps == steps


def taught():
    return Network.model_validate(
        {
            "inputs": [
                {"name": "R", "kind": "image", "source": "mnist", "period": 4, "shape": [2, 2, 1]},
                {"name": "Target", "kind": "object_target", "size": 2, "target_file": "mnist", "learning_time": 8,
                 "period": 4, "label_step": 1},
            ],
            "populations": [{"name": "N", "size": 2}],
            "projections": [{"source": "R", "target": "N", "weight": 9}],
            "readout": {"kind": "object", "population": "N"},
        }
    )  # fmt: skip


def shown(n):
    images, labels = np.full((n, 4), 255, np.uint8), np.arange(n) % 2
    return present_arrays(taught().inputs, images, labels, n // 2, seed=0)


@pytest.mark.parametrize("engine", ["reference", "numba"])
@pytest.mark.parametrize("coding", ["poisson", "integrate", "regular"])
def test_an_empty_presentation_has_no_result_but_no_error_either(engine, coding, tmp_path):
    network = taught()
    network = network.model_copy(
        update={"inputs": (network.inputs[0].model_copy(update={"coding": coding}), network.inputs[1])}
    )
    presentation = present_arrays(network.inputs, np.zeros((0, 4), np.uint8), np.zeros(0, np.int64), 0, seed=0)
    session = Session(network, engine=engine, presentation=presentation)
    result = session.run()
    assert (result.steps, result.accuracy, result.confusion, result.train_images) == (0, None, None, 0)
    session.write_results(tmp_path / "r.h5", result)


def test_no_step_with_votes(tmp_path):
    session = Session(taught(), engine="reference", presentation=shown(6))
    result = session.run(stop=0)
    assert (result.test_images, result.accuracy) == (0, None)
    session.checkpoint(tmp_path / "c.h5")
    again = Session(taught(), engine="reference", presentation=shown(6))
    again.resume(tmp_path / "c.h5")
    assert again.run().digest == session.run().digest


def test_boundaries_at_and_beyond_the_end_are_seen_once():
    session = Session(taught(), engine="reference", presentation=shown(6))
    seen = []
    session.run(watch=lambda s: seen.append(s.step), boundaries=[0, 5, 24, 24, 30])
    assert seen == [5, 12, 24]  # at step 12 the test begins, which is counted apart
    session.run(watch=lambda s: seen.append(s.step), boundaries=[5, 24])
    assert seen == [5, 12, 24]


# ------------------------------------------------------------------ the command line


def write(folder, extra=""):
    (folder / "a.nnc").write_text(
        '<SNN><RECEPTORS name="R" n="1"><Implementation lib="fromFile"><args type="text"><source>rows.txt</source>'
        f'{extra}</args></Implementation></RECEPTORS><NETWORK><Sections><Section name="N"><props><n>1</n></props>'
        '</Section><Link from="R" to="N" policy="aligned"><weight>9</weight></Link></Sections></NETWORK></SNN>'
    )
    return folder / "a.nnc"


def test_the_command_ends_with_the_result_when_everything_is_skipped(call, folder):
    status, out, err = call("run", write(folder, "<tacts_to_skip>3</tacts_to_skip>"), "--json", "--quiet")
    assert status == 0
    assert json.loads(out)["steps"] == 0
    assert err == "warning: input R: skip 3 (tacts_to_skip) leaves no step of rows.txt\n"


def test_the_command_says_that_silence_follows_the_data(call, folder):
    status, out, err = call("run", write(folder), "--json", "--stop-at", 10)
    assert status == 0
    assert json.loads(out)["steps"] == 10
    assert err.count("the data end at step 3; silence follows until step 10") == 1


@pytest.mark.parametrize("every", [1, 3, 100])
def test_a_run_that_was_done_when_it_was_killed_is_resumed(call, folder, every):
    options = ["--json", "--record", "text", "--monitor", 2, "--checkpoint", every, "--stop-at", 3]
    status, out, _ = call("run", write(folder), *options, "--out", folder / "whole")
    assert status == 0
    first = Session(
        colanet.load(folder / "a.nnc"), base_dir=folder, recording=Recording(("N",), folder=folder / "killed")
    )
    first.run()
    first.checkpoint(folder / "killed" / "checkpoint.h5")
    status, again, err = call("run", folder / "a.nnc", *options, "--out", folder / "killed", "--resume")
    assert status == 0
    assert "nothing is left to run, step 3 is reached" in err
    assert json.loads(again)["digest"] == json.loads(out)["digest"]
    assert (folder / "killed" / "spikes.N.0.txt").read_text() == ".\n@\n.\n"
    assert not {"checkpoint.h5", "recording.spool"} & {path.name for path in (folder / "killed").iterdir()}


def test_nothing_to_show_is_one_line(call):
    status, out, err = call("run", colanet.__path__[0] + "/../configs/mnist.nnc", "--train", 0, "--test", 0)
    assert (status, out, err) == (2, "", "mnist: no object to show, expected at least 1\n")


def test_an_endless_input_names_the_option_and_in_python_the_field(call, folder):
    path = write(folder, "<mode>repetitive</mode>")
    assert call("run", path) == (2, "", "--stop-at: the input has no end, expected a step to stop at\n")
    with pytest.raises(ConfigError, match=r"^stop: the input has no end"):
        Session(colanet.load(path), base_dir=folder).run()


def test_all_images_skipped_before_labels_is_one_line(folder):
    (folder / "labels.txt").write_text("0\n1\n")
    network = relay(skip=9).model_copy(update={"inputs": (
        *relay(skip=9).inputs,
        taught().inputs[1].model_copy(update={"target_file": "labels.txt"}),
    )})  # fmt: skip
    with pytest.warns(DataWarning), pytest.raises(DataError, match="0 objects of 4 steps"):
        session_of(folder, network)
