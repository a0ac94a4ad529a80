"""Checks between objects, in the API: errors and warnings."""

import re
import warnings

import pytest

import colanet
from colanet.commands.convert import convert
from colanet.commands.validate import validate
from colanet.config import ConfigWarning, check, load, override, override_all
from colanet.config.model import (
    ImageInput,
    LogNormal,
    Network,
    NoiseInput,
    Population,
    Projection,
    Readout,
    TargetInput,
    Uniform,
)
from colanet.config.stand_ins import parse_stand_ins
from colanet.errors import ConfigError
from colanet.units import LARGEST_SIZE, LONGEST_MEMORY
from tests.shipped import CONFIGS, NAMES


def network(*, population=None, projections=(), inputs=None, **fields):
    """Image input R, target T of two classes, learner L of two columns of two neurons."""
    learner = {"name": "L", "size": 4, "columns": 2, "w_max": 1, "w_min": -1, "noise_amplitude": 1}
    return Network(
        inputs=inputs
        or (
            ImageInput(name="R", shape=(2, 2, 1), period=15, presentation=10),
            TargetInput(name="T", size=2, target_file="t", learning_time=9, period=15),
        ),
        populations=(Population(**learner | (population or {})), Population(name="O", size=2)),
        projections=projections
        or (Projection(source="R", target="L", kind="plastic", connection="all_to_all"),),
        **fields,
    )


def errors(net):
    return [f"{p.where}: {p.message}" for p in check(net)]


def notices(net):
    return [f"{p.where}: {p.message}" for p in check(net, warnings=True)]


def test_a_good_network_has_nothing_to_report():
    assert errors(network(readout=Readout(population="O"))) == [] == notices(network())


PLASTIC = {"source": "R", "target": "L", "kind": "plastic"}
ERRORS = [
    ({"population": {"w_max": None}}, "population L: w_max: is needed: the projection from R is plastic"),
    ({"population": {"w_min": -32.768}}, "population L: w_min: -32.768 is out of range"),
    ({"population": {"hebbian_rate": 1000.5}}, "population L: hebbian_rate: 1000.5 is out of range"),
    ({"population": {"noise_amplitude": 65.6}}, "population L: noise_amplitude: 65.6 is out of range"),
    ({"population": {"min_potential": -3e6}}, "population L: min_potential: -3000000 is out of range"),
    ({"population": {"tau_m": 1366}}, "population L: hebbian_window: reaches back 4098 steps; at most 4096"),
    (
        {"projections": (Projection(**PLASTIC, initial_resource=Uniform(uniform=(-3000, 1))),)},
        "projection R->L: initial_resource: -3000 is out of range",
    ),
    (
        {"projections": (Projection(source="R", target="L", delay=Uniform(uniform=(0, 3))),)},
        "projection R->L: delay: uniform from 0 to 3",
    ),
    (
        {"projections": (Projection(source="R", target="L", delay=Uniform(uniform=(1.5, 3))),)},
        "projection R->L: delay: uniform from 1.5 to 3",
    ),
    (
        {"projections": (Projection(source="R", target="L", delay=LogNormal(log_normal=(31, 1))),)},
        "projection R->L: delay: a mean of 31 steps",
    ),
    (
        {"projections": (Projection(source="R", target="L", weight=-2e6 - 1),)},
        "projection R->L: weight: -2000001 is out of range",
    ),
    (
        {
            "projections": (Projection(source="O", target="L", connection="other_columns"),),
            "population": {"columns": 4},
        },
        "projection O->L: connection: O has 2 columns and L has 4; other_columns needs equal numbers",
    ),
    (
        {
            "projections": (Projection(source="T", target="L", connection="one_to_one"),),
            "population": {"columns": 4},
        },
        "projection T->L: connection: 2 classes of T, but 4 columns of L",
    ),
    ({"readout": Readout(population="L", kind="state")}, "readout: kind: state does not fit the target T"),
    (
        {"readout": Readout(population="L"), "population": {"columns": 4}},
        "readout: population: L has 4 columns, but T has 2 classes",
    ),
]


@pytest.mark.parametrize(("fields", "start"), ERRORS, ids=[start for _, start in ERRORS])
def test_error(fields, start):
    found = errors(network(**fields))
    assert len(found) == 1
    assert found[0].startswith(start)


def target(**fields):
    image = ImageInput(name="R", shape=(2, 2, 1), period=15, presentation=fields.pop("presentation", 10))
    known = {"name": "T", "size": 2, "target_file": "t", "learning_time": 9, "period": 15}
    return network(inputs=(image, TargetInput(**known | fields)))


@pytest.mark.parametrize(
    ("fields", "phrase"),
    [
        ({"period": 14}, "14 steps, but R has 15"),
        ({"presentation": 14}, "the label would come at step 15 (presentation + 1) of 15"),
        ({"presentation": None}, "the label would come at step 16"),
        ({"spike_period": 16}, "exceeds the period"),
        ({"spike_period": 2, "label_step": 3}, "only one of them"),
    ],
)
def test_label_times(fields, phrase):
    found = errors(target(**fields))
    assert len(found) == 1
    assert phrase in found[0]


@pytest.mark.parametrize(
    "fields",
    [
        {"presentation": 13},
        {"presentation": None, "label_step": 14},
        {"presentation": 15, "spike_period": 15},
    ],
)
def test_label_times_that_fit(fields):
    assert errors(target(**fields)) == []


def test_label_step_is_needed_without_images():
    inputs = (
        NoiseInput(name="R", size=4, steps=9),
        TargetInput(name="T", size=2, target_file="t", learning_time=9, period=15),
    )
    assert "label_step: is needed" in errors(network(inputs=inputs))[0]


def test_a_population_by_name():
    net = network()
    assert net.population("O").size == 2
    with pytest.raises(KeyError, match="there is no population X; known: L, O"):
        net.population("X")


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        (
            {"projections": (Projection(source="R", target="M"),)},
            "projection R->M: target: there is no input or population M; known: R, T, L, O",
        ),
        ({"population": {"hebbian_rate": 1001}}, "population L: hebbian_rate: 1001 is out of range"),
        ({"population": {"name": "O"}}, "population O: name: the name O is given twice"),
    ],
)
def test_a_session_of_a_network_made_in_python_names_the_field(fields, line):
    with pytest.raises(ConfigError) as caught:
        colanet.Session(network(**fields))
    assert str(caught.value).startswith(line)
    assert errors(network(**fields))[0].startswith(line)


def test_a_session_of_noise_without_an_end_may_be_told_where_to_stop():
    endless = Network(inputs=(NoiseInput(name="R", size=4),), populations=(Population(name="N", size=1),))
    assert "steps: is needed" in errors(endless)[0]
    assert colanet.Session(endless, engine="reference").run(3).steps == 3


def test_too_many_synapses():
    inputs = (NoiseInput(name="R", size=2**24, steps=1),)
    net = network(inputs=inputs, population={"size": 1000, "columns": None})
    assert "synapses; at most" in errors(net)[0]
    sparse = network(
        inputs=inputs, population={"size": 1000}, projections=(Projection(**PLASTIC, max_inputs=1000),)
    )
    assert errors(sparse) == []


# -------------------------------------------------------------------- warnings


@pytest.mark.parametrize(
    ("fields", "warned"),
    [
        ({}, "the neurons of a column"),
        ({"population": {"noise_amplitude": 0.1}}, None),
        ({"projections": (Projection(**PLASTIC),)}, "the neurons of a column"),
        ({"projections": (Projection(**PLASTIC, probability=0.5),)}, None),
        ({"projections": (Projection(**PLASTIC, max_inputs=2),)}, None),
        ({"projections": (Projection(**PLASTIC, initial_resource=Uniform(uniform=(0, 1))),)}, None),
        ({"projections": (Projection(**PLASTIC, delay=Uniform(uniform=(1, 3))),)}, None),
        ({"projections": (Projection(**PLASTIC, connection="one_to_one"),)}, None),
        (
            {
                "projections": (Projection(**PLASTIC, connection="all_to_all", source_fraction=0.5),),
                "copies": 2,
            },
            "the neurons of a column",
        ),
        (
            {
                "population": {"columns": 4},
                "projections": (Projection(**PLASTIC, connection="all_to_all", source_fraction=0.5),),
                "copies": 2,
            },
            None,
        ),
        (
            {"projections": (Projection(**PLASTIC, connection="one_to_one"),), "copies": 2},
            "the network copies",
        ),
        ({"population": {"columns": 4}}, None),
        ({"population": {"columns": 4}, "copies": 2}, "the network copies"),
        ({"population": {"columns": None}}, "the neurons of a column"),
        ({"projections": (Projection(source="R", target="L"),)}, None),
    ],
)
def test_symmetry(fields, warned):
    fields = {**fields, "population": {"noise_amplitude": 0} | fields.get("population", {})}
    found = notices(network(**fields))
    if warned is None:
        assert found == []
    else:
        assert len(found) == 1
        assert (
            found[0].startswith("population L: symmetry is not broken")
        )
        assert (
            f"; {warned} stay clones" in found[0]
        )


@pytest.mark.parametrize(
    ("projection", "phrase"),
    [
        (
            {"source": "T", "target": "O", "kind": "reward", "weight": 1},
            "has no effect: O has no plastic inputs",
        ),
        ({"source": "T", "target": "O", "weight": 0.0001}, "0.0001 is rounded to 0"),
        ({"source": "O", "target": "O", "connection": "within_columns"}, "connects nothing"),
        ({"source": "R", "target": "X", "connection": "one_to_one"}, "1 stay unconnected"),
    ],
)
def test_other_warnings(projection, phrase):
    net = network(projections=(Projection(**projection),))
    net = net.model_copy(update={"populations": (*net.populations, Population(name="X", size=3))})
    found = notices(net)
    assert errors(net) == []
    assert len(found) == 1
    assert phrase in found[0]


def test_load_warns_with_file_and_line(tmp_path):
    text = re.sub(r"    noise_amplitude: .*\n", "", (CONFIGS / "mnist.yaml").read_text())
    (tmp_path / "m.yaml").write_text(text)
    line = text.splitlines().index(next(row for row in text.splitlines() if "name: L " in row)) + 1
    with pytest.warns(ConfigWarning, match=rf"m\.yaml:{line}: population L: symmetry is not broken"):
        load(tmp_path / "m.yaml")


# --------------------------------------------------------------- ready networks


@pytest.mark.parametrize("name", NAMES)
def test_ready_networks_are_the_same_in_both_languages(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert load(CONFIGS / f"{name}.nnc") == load(CONFIGS / f"{name}.yaml")


# -------------------------------------------------------------------- overrides


@pytest.mark.parametrize(
    ("path", "value", "get", "wanted"),
    [
        ("population.L.hebbian_rate", "-0.1", lambda n: n.populations[0].hebbian_rate, -0.1),
        ("population.L.tau_m", "inf", None, "must be finite"),
        ("population.O.tau_m", "inf", lambda n: n.populations[1].tau_m, float("inf")),
        ("population.O.min_potential", "null", lambda n: n.populations[1].min_potential, None),
        (
            "projection.R->L.initial_resource",
            "{uniform: [0, 1]}",
            lambda n: n.projections[0].initial_resource.uniform,
            (0, 1),
        ),
        ("projection.0.connection", "random", lambda n: n.projections[0].connection, "random"),
        ("projection.1.weight", "3", None, "there is no projection 1; known: 0 (R->L)"),
        ("projection.R->O.weight", "3", None, "there is no projection R->O"),
        ("input.T.learning_time", "5", lambda n: n.inputs[1].learning_time, 5),
        ("input.R.coding", "poisson", lambda n: n.inputs[0].coding, "poisson"),
        ("input.R.coding", "rate", None, "expected one of integrate, poisson, regular, not 'rate'"),
        ("input.R.period", "20", None, "15 steps, but R has 20"),
        ("input.X.period", "20", None, "there is no X; known: R, T"),
        ("copies", "15", lambda n: n.copies, 15),
        ("copies", "0", None, "expected at least 1"),
        ("copies", "many", None, "expected a whole number, not 'many'"),
        ("state", "a.h5", lambda n: n.state, "a.h5"),
        ("readout.population", "L", lambda n: n.readout.population, "L"),
        ("population.L.tau", "3", None, "there is no field tau; known: size, columns"),
        ("population.L.name", "M", None, "there is no field name"),
        ("population.M.tau_m", "3", None, "there is no M; known: L, O"),
        ("speed", "3", None, "expected population.NAME.FIELD"),
        ("population.L", "3", None, "expected population.NAME.FIELD"),
        ("population.L.size", "5", None, "not a multiple of the 2 columns"),
        ("population.L.size", "1\nx: 2", None, "not a value"),
        ("population.L.size", "[", None, "not readable as YAML"),
    ],
)
def test_override(path, value, get, wanted):
    before = network()
    if get is None:
        with pytest.raises(ConfigError) as caught:
            override(before, path, value)
        assert wanted in str(caught.value)
        assert len(caught.value.problems) == 1
    else:
        after = override(before, path, value)
        assert get(after) == wanted
        assert before == network()


def test_overrides_together_need_only_fit_together():
    after = override_all(
        network(), {"input.R.period": "20", "input.T.period": "20", "population.L.tau_m": "9"}
    )
    assert [item.period for item in after.inputs] == [20, 20]
    assert after.populations[0].tau_m == 9
    with pytest.raises(ConfigError) as caught:
        override_all(network(), {"input.R.nothing": "1", "population.L.tau_m": "0"})
    assert len(caught.value.problems) == 2


# --------------------------------------------------------------------- commands


def test_validate_and_convert(tmp_path, run_validate, run_convert):
    result = run_validate(CONFIGS / "mnist.nnc", CONFIGS / "single_neuron.yaml")
    assert result.exit_code == 0
    assert result.stderr == ""
    assert result.stdout.splitlines() == [
        f"{CONFIGS / 'mnist.nnc'}: ok (2 inputs, 3 populations, 170 neurons, 8 projections, 15 copies)",
        f"{CONFIGS / 'single_neuron.yaml'}: ok (1 input, 1 population, 1 neuron, 1 projection, 1 copy)",
    ]
    there, back = tmp_path / "m.yaml", tmp_path / "m.nnc"
    first = run_convert(CONFIGS / "mnist.nnc", there)
    assert first.exit_code == 0
    assert "relative file names now start from" in first.stderr
    assert run_convert(there, back).exit_code == 0
    assert load(back) == load(CONFIGS / "mnist.nnc")


def test_convert_overwrites_only_by_force(tmp_path, run_convert):
    destination = tmp_path / "m.yaml"
    destination.write_text("mine")
    refused = run_convert(CONFIGS / "recurrent.nnc", destination)
    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    assert destination.read_text() == "mine"
    assert run_convert(CONFIGS / "recurrent.nnc", destination, "--force").exit_code == 0
    assert load(destination) == load(CONFIGS / "recurrent.nnc")


def test_convert_into_a_missing_folder(tmp_path, run_convert):
    result = run_convert(CONFIGS / "recurrent.nnc", tmp_path / "no" / "m.yaml")
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr


def test_validate_reports_every_file(tmp_path, run_validate):
    (tmp_path / "bad.yaml").write_text("populations: 3")
    result = run_validate(tmp_path / "bad.yaml", CONFIGS / "mnist.yaml", tmp_path / "none.yaml")
    assert result.exit_code == 2
    assert "mnist.yaml: ok" in result.stdout
    assert len(result.stderr.splitlines()) == 2


def test_exit_status_survives_a_wrapping_command(tmp_path):
    """The command line calls subcommands with standalone_mode off, so click exits are return values."""
    (tmp_path / "bad.yaml").write_text("populations: 3")
    for command, args in ((validate, ["bad.yaml"]), (convert, ["bad.yaml", "out.yaml"])):
        with pytest.raises(SystemExit) as caught:
            command.main([str(tmp_path / arg) for arg in args], standalone_mode=False)
        assert caught.value.code == 2


def test_the_largest_size_is_one_number_everywhere():
    """A population, an input and a stand-in take 2^24, and no more."""
    for size, fits in ((LARGEST_SIZE, True), (LARGEST_SIZE + 1, False)):
        for make in (
            lambda n: Population(name="L", size=n),
            lambda n: NoiseInput(name="R", kind="noise", size=n, noise=0.1),
            lambda n: parse_stand_ins([f"R=noise:{n}"]),
        ):
            if fits:
                make(size)
            else:
                with pytest.raises((ValueError, ConfigError)):
                    make(size)


def test_the_longest_memory_is_one_number_everywhere():
    for memory, fits in ((LONGEST_MEMORY, True), (LONGEST_MEMORY + 1, False)):
        drawn = Population(name="L", size=1, memory={"uniform": [1, memory]})
        assert (check(Network(populations=(drawn,))) == []) == fits
        if fits:
            Population(name="L", size=1, memory=memory)
        else:
            with pytest.raises(ValueError, match="less than or equal to 1073741824"):
                Population(name="L", size=1, memory=memory)
