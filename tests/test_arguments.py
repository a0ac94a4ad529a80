"""Python calls are refused as the command line refuses its options: one line that names the argument."""

import numpy as np
import pytest

from colanet.config.model import Network
from colanet.errors import ConfigError
from colanet.session import Recording, Session

NETWORK = Network.model_validate(
    {
        "inputs": [{"name": "R", "kind": "noise", "size": 2, "noise": 0.5, "steps": 9}],
        "populations": [{"name": "N", "size": 2, "tau_m": 3}],
        "projections": [{"source": "R", "target": "N", "connection": "one_to_one", "weight": 9}],
    }
)


@pytest.mark.parametrize(("name", "value", "span"), [
    ("copies", 0, "1 to 65536"), ("copies", -1, "1 to 65536"), ("copies", 1.5, "1 to 65536"),
    ("copies", "3", "1 to 65536"), ("copies", 99_999, "1 to 65536"), ("seed", -1, f"0 to {2**63 - 1}"),
    ("seed", 2**63, f"0 to {2**63 - 1}"), ("seed", "x", f"0 to {2**63 - 1}"), ("seed", True, f"0 to {2**63 - 1}"),
    ("threads", 0, "1 or more"), ("train", -1, "0 or more"), ("test", 2.0, "0 or more"),
    ("chunk_steps", 0, "1 or more"),
])  # fmt: skip
def test_a_session_names_the_argument(name, value, span):
    with pytest.raises(ConfigError) as caught:
        Session(NETWORK, **{name: value})
    assert str(caught.value) == f"{name}: expected a whole number, {span}, not {value!r}"


@pytest.mark.parametrize(("words", "name"), [
    ({"stop": 1.5}, "stop"), ({"stop": "x"}, "stop"), ({"stop": -1}, "stop"), ({"freeze": -3}, "freeze"),
])  # fmt: skip
def test_a_run_names_the_argument(words, name):
    with pytest.raises(ConfigError, match=rf"^{name}: expected a whole number, 0 to \d+, not "):
        Session(NETWORK).run(**words)


@pytest.mark.parametrize(("words", "said"), [
    ({"first": 5, "last": 2}, "last: expected a whole number, 5 or more, not 2"),
    ({"first": -1}, "first: expected a whole number, 0 or more, not -1"),
    ({"sections": "N"}, "sections: expected a tuple of names, not 'N'"),
])  # fmt: skip
def test_a_recording_names_the_argument(words, said):
    with pytest.raises(ConfigError) as caught:
        Recording(**words)
    assert str(caught.value) == said


def test_whole_numbers_of_numpy_are_whole_numbers():
    session = Session(NETWORK, seed=np.int64(3), copies=np.uint8(2))
    assert session.run(stop=np.int32(5)).steps == 5
    assert session.plan.copies == 2


@pytest.mark.parametrize(("field", "value"), [
    ("tau_m", 0.3), ("tau_m", "x"), ("noise_amplitude", -3), ("reset", "foo"), ("size", 0), ("isi_max", -1),
])  # fmt: skip
def test_a_network_changed_without_checks_is_refused(field, value):
    population = NETWORK.populations[0].model_copy(update={field: value})
    with pytest.raises(ConfigError) as caught:
        Session(NETWORK.model_copy(update={"populations": (population,)}))
    [line] = str(caught.value).splitlines()
    assert line.startswith(f"population N: {field}: ")
