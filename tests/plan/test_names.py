"""Names: unique inside, nobody can imitate them, and they fit into file names."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colanet import config
from colanet.config import check
from colanet.config.model import Network
from colanet.config.values import NAME_BYTES
from colanet.plan.names import projection_names

RULE = {"w_max": 3, "noise_amplitude": 9}


def plastic(*targets: str) -> Network:
    """A plastic projection into each of the targets, some of which repeat."""
    populations = [{"name": name, "size": 2, **RULE} for name in dict.fromkeys(targets)]
    links = [{"source": "R", "target": name, "kind": "plastic"} for name in targets]
    inputs = [{"name": "R", "kind": "noise", "size": 3, "steps": 200}]
    return Network.model_validate({"inputs": inputs, "populations": populations, "projections": links})


# ---------------------------------------------------------------- nobody imitates


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        (("L", "L", "M"), ["R->L", "R->L#2", "R->M"]),
        (("L", "L", "L"), ["R->L", "R->L#2", "R->L#3"]),
        (("L", "L", "L#2"), ["R->L", "R->L#3", "R->L#2"]),
        (("L#2", "L", "L"), ["R->L#2", "R->L", "R->L#3"]),
        (("L", "L", "L#2", "L#2"), ["R->L", "R->L#3", "R->L#2", "R->L#2#2"]),
        (("L", "L", "L", "L#3"), ["R->L", "R->L#2", "R->L#4", "R->L#3"]),
    ],
)
def test_a_repeated_projection_takes_a_number_that_is_free(targets, expected):
    assert projection_names(plastic(*targets)) == expected


@given(st.lists(st.sampled_from(["L", "L#2", "L#3", "L#2#2", "M"]), min_size=1, max_size=9))
def test_names_are_unique_and_plain_names_stay(targets):
    names = projection_names(plastic(*targets))
    assert len(set(names)) == len(names)
    for target in targets:
        assert names[targets.index(target)] == f"R->{target}"


# -------------------------------------------------------------------------- length

YAML = (
    "inputs: [{name: R, kind: noise, size: 3, steps: 9}]\npopulations:\n  - {name: {}, size: 2}\nprojections:\n"
    "  - {source: R, target: {}, connection: all_to_all, weight: 9}\n"
)
XML = (
    '<SNN><RECEPTORS name="R" n="3"><Implementation lib="fromFile"><args type="none"><noise>0.1</noise>'
    "<history_length>9</history_length></args></Implementation></RECEPTORS>\n<NETWORK><Sections>\n"
    '<Section name="{}"><props><n>2</n></props></Section><Link from="R" to="{}"><weight>9</weight></Link>'
    "</Sections></NETWORK></SNN>"
)


@pytest.mark.parametrize("name", ["A" * 300, "A" * (NAME_BYTES + 1), "é" * (NAME_BYTES // 2 + 1)])
@pytest.mark.parametrize(("suffix", "text"), [("yaml", YAML), ("nnc", XML)])
def test_a_name_longer_than_a_file_name_is_one_line(call, tmp_path, name, suffix, text):
    path = tmp_path / f"n.{suffix}"
    path.write_text(text.replace("{}", name), encoding="utf-8")
    status, _, said = call("validate", path)
    lines = [line for line in said.splitlines() if not line.startswith("warning")]
    assert status == 2
    assert len(lines) == 1
    assert lines[0].startswith(f"{path}:3: ")
    assert f"at most {NAME_BYTES} fit into file names" in lines[0]
    assert f"of {len(name.encode())} bytes" in lines[0]
    assert len(lines[0]) < len(str(path)) + 200


def test_names_of_inputs_are_limited_too():
    data = plastic("L").model_dump()
    data["inputs"][0]["name"] = data["projections"][0]["source"] = "R" * (NAME_BYTES + 1)
    with pytest.raises(ValueError, match="fit into file names"):
        Network.model_validate(data)


@pytest.mark.parametrize("name", ["A" * NAME_BYTES, "é" * (NAME_BYTES // 2)])
def test_the_longest_name_fits_every_file(tmp_path, name):
    path = tmp_path / "n.yaml"
    path.write_text(YAML.replace("{}", name), encoding="utf-8")
    network = config.load(path)
    assert network.populations[0].name == name
    # What recording and the writer of whole files make of it at the most.
    (tmp_path / f".spikes.{name}.65535.text.a1b2c3d4").write_text("")


# ------------------------------------------------------------------------ look-alikes


@pytest.mark.parametrize(("left", "right"), [("L", "l"), ("OUT", "Out"), ("é", "e\u0301"), ("STRASSE", "straße")])
def test_names_that_are_one_on_some_file_systems_are_warned_of(left, right):
    found = [str(problem) for problem in check(plastic(left, right), warnings=True)]
    assert [text for text in found if f"{right} and {left} are one name on some file systems" in text]


@pytest.mark.parametrize(("left", "right"), list(product(["L", "L#2"], ["M", "L2"])))
def test_different_names_are_not_warned_of(left, right):
    assert not [p for p in check(plastic(left, right), warnings=True) if "file systems" in str(p)]
