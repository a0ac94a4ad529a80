"""read(write(network)) == network, for every feature of the description and both formats."""

import math
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from colanet.config import load, read_xml, read_yaml, save, write_xml, write_yaml
from colanet.config import model as m

SETTINGS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

plain = st.text(st.sampled_from(string.ascii_letters + string.digits + "_-<&\"'"), min_size=1, max_size=6)
words = st.sampled_from(
    ["1", "no", "null", "on", "1e5", ".5", "-", "~", "Я", "名", "inf", "yes", "0x1", "{a}", "#x"]
)
names = (plain | words).filter(lambda text: not set(text) & set("./:>"))
texts = st.text(
    st.characters(exclude_categories=("C", "Z"), include_characters=" "), min_size=1, max_size=12
).filter(lambda text: text == text.strip())
steps = st.integers(1, 2**31 - 1)
numbers = st.floats(-1e6, 1e6) | st.integers(-1000, 1000).map(float)
positive = st.floats(1e-6, 1e6)
shares = st.floats(0, 1)


def optional(**fields):
    """Fields that may be given or left out."""
    return st.fixed_dictionaries({}, optional=fields)


@st.composite
def build(draw, cls, required, extra):
    return cls(**draw(st.fixed_dictionaries(required)), **draw(extra))


pairs = st.tuples(numbers, numbers).map(lambda pair: tuple(sorted(pair)))
uniform = pairs.map(lambda pair: m.Uniform(uniform=pair))
log_uniform = st.tuples(positive, positive).map(lambda pair: m.LogUniform(log_uniform=tuple(sorted(pair))))
log_normal = st.tuples(positive, positive).map(lambda pair: m.LogNormal(log_normal=pair))
discrete = st.tuples(numbers, st.lists(st.tuples(numbers, st.floats(0, 0.2)), max_size=4)).map(
    lambda drawn: m.Discrete(default=drawn[0], values=tuple(drawn[1]))
)

COMMON = {
    "noise": shares,
    "pacemaker_period": steps,
    "steps": steps,
    "mode": st.sampled_from(["once", "repetitive", "endless"]),
    "skip": st.integers(0, 2**40),
    "labels": texts,
}
SIZE = st.integers(1, 2**24)


def timed(cls, **extra):
    times = st.tuples(steps, st.none() | steps).map(lambda t: (t[0], min(t) if t[1] else None))
    return times.flatmap(
        lambda t: build(
            cls,
            {"name": names, "period": st.just(t[0]), "presentation": st.just(t[1])},
            optional(size=SIZE, source=texts, **extra, **COMMON),
        )
    )


words_of_arguments = st.from_regex(r"@?[A-Za-z_][A-Za-z0-9_.-]{0,5}", fullmatch=True)
arguments = st.recursive(
    st.dictionaries(words_of_arguments, texts | numbers | st.just(""), max_size=4),
    lambda inner: st.dictionaries(
        words_of_arguments.filter(lambda name: name[0] != "@"), texts | inner | st.lists(texts | inner), max_size=4
    ),
    max_leaves=8,
)
inputs = st.one_of(
    build(m.NoiseInput, {"name": names, "size": SIZE}, optional(**COMMON)),
    build(m.TextInput, {"name": names}, optional(size=SIZE, source=texts, **COMMON)),
    build(m.BinaryInput, {"name": names}, optional(size=SIZE, source=texts, **COMMON)),
    timed(
        m.ImageInput,
        shape=st.tuples(steps, steps, steps),
        offset=st.integers(0, 2**40),
        max_rate=st.floats(1e-6, 1),
        coding=st.sampled_from(["integrate", "poisson", "regular"]),
    ),
    timed(m.ValuesInput, saturation=positive),
    build(
        m.PluginInput,
        {"name": names, "lib": texts},
        optional(size=SIZE, period=steps, stand_in=shares, args=arguments),
    ),
    build(
        m.TargetInput,
        {
            "name": names,
            "size": st.integers(1, 2**16),
            "target_file": texts,
            "learning_time": st.integers(0, 2**40),
            "period": st.integers(1000, 2**31 - 1),
        },
        optional(
            kind=st.sampled_from(["object_target", "state_target"]),
            spike_period=steps,
            label_step=st.integers(0, 999),
            no_class=texts.filter(lambda text: text.lower() not in {"yes", "no", "true", "false"}) | st.just(""),
            no_class_value=numbers,
            criterion=st.sampled_from(["absolute_error", "weighted_error", "averaged_F", "Rsquared"]),
            sequential_test=st.booleans(),
            prediction_file=texts,
        ),
    ),
)
infinite = st.just(math.inf)
shapes = st.one_of(
    st.fixed_dictionaries({"size": SIZE}),
    st.tuples(st.integers(1, 999), st.integers(1, 999), st.booleans()).map(
        lambda t: {"size": t[0] * t[1], "columns": t[1], "winner_take_all": t[2]}
    ),
)
populations = shapes.flatmap(
    lambda shape: build(
        m.Population,
        {"name": names, **{key: st.just(value) for key, value in shape.items()}},
        optional(
            tau_m=st.integers(1, 2**20) | st.floats(1, 2**20) | infinite,
            min_potential=st.floats(-1e6, 1e6),
            threshold_decay=steps,
            threshold_weight_factor=positive,
            memory=st.integers(1, 2**30) | infinite | uniform | log_uniform,
            memory_period=steps,
            noise_amplitude=positive,
            bias=numbers,
            reset=st.sampled_from(["zero", "subtract"]),
            reset_period=st.integers(1000, 2**31 - 1),
            hebbian_rate=numbers,
            hebbian_window=st.floats(0, 1e6),
            isi_max=st.integers(0, 4096),
            dopamine_window=st.integers(0, 4096),
            dopamine_rule=st.sampled_from(["two_factor", "three_factor"]),
            stability_rule=st.sampled_from(["two_factor", "three_factor"]),
            stability_rate=numbers,
            w_min=st.floats(-1e6, 0),
            w_max=positive,
            virtual_synapses=st.integers(-1, 2**24),
            presynaptic_period=st.integers(1, 4096),
            weight_bits=st.integers(1, 16),
            resource_bits=st.integers(2, 32),
            resource_fraction=st.integers(0, 20),
            resource_rounding=st.sampled_from(["nearest", "stochastic"]),
            potential_bits=st.integers(15, 32),
            potential_step=st.floats(0.001, 1e3),
            random_generator=st.sampled_from(["splitmix64", "jenkins32"]),
        ),
    )
)
tied = st.tuples(positive, steps, st.integers(0, 999)).map(
    lambda t: (
        {"threshold_increment": t[0], "threshold_decay": t[1], "reset_period": 1000, "reset_phase": t[2]}
        | {"presynaptic_rate": -t[0], "presynaptic_period": 7}
    )
)
populations = st.one_of(
    populations,
    st.tuples(populations, tied).map(lambda t: m.Population(**(t[0].model_dump() | t[1]))),
)


@st.composite
def projections(draw):
    kind = draw(st.sampled_from(["fixed", "plastic", "gating", "reward"]))
    connection = draw(
        st.sampled_from(["one_to_one", "all_to_all", "within_columns", "other_columns", "random"])
        | st.just("within_columns_except_same")
    )
    fields = draw(optional(delay=st.integers(1, 30) | uniform | log_normal))
    if connection == "random":
        fields |= draw(optional(probability=shares, max_inputs=st.integers(1, 2**40)))
    if connection == "all_to_all" and kind in ("fixed", "plastic"):
        fields |= draw(optional(source_fraction=st.floats(0, 1, exclude_min=True)))
    if kind == "plastic":
        fields |= draw(optional(initial_resource=numbers | uniform | discrete))
    elif kind == "gating":
        fields["weight"] = draw(st.integers(-(2**31), 2**31))
    elif kind == "reward" or draw(st.booleans()):
        fields["weight"] = draw(numbers)
    return m.Projection(source=draw(names), target=draw(names), kind=kind, connection=connection, **fields)


option_names = st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_]{0,5}\Z")
options = st.dictionaries(option_names, st.integers(-(2**40), 2**40) | numbers | texts, max_size=2)
readouts = build(
    m.Readout,
    {"population": names},
    optional(kind=st.sampled_from(["object", "state"]), rule=names, options=options),
)
globals_ = st.tuples(st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_.-]{0,5}\Z"), texts | st.just(""))
networks = build(
    m.Network,
    {"populations": st.lists(populations, min_size=1, max_size=3).map(tuple)},
    optional(
        inputs=st.lists(inputs, max_size=3).map(tuple),
        projections=st.lists(projections(), max_size=4).map(tuple),
        copies=st.integers(1, 65536),
        state=texts,
        readout=st.none() | readouts,
        globals=st.lists(globals_, max_size=2).map(tuple),
    ),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("round")


@pytest.mark.filterwarnings("ignore::colanet.config.ConfigWarning")
@SETTINGS
@given(network=networks)
def test_xml(folder, network):
    text = write_xml(network, folder / "n.nnc")
    assert (folder / "n.nnc").read_text(encoding="utf-8") == text
    assert read_xml(folder / "n.nnc") == network


@SETTINGS
@given(network=networks)
def test_yaml(folder, network):
    text = write_yaml(network, folder / "n.yaml")
    assert (folder / "n.yaml").read_text(encoding="utf-8") == text
    assert read_yaml(folder / "n.yaml") == network


@pytest.mark.filterwarnings("ignore::colanet.config.ConfigWarning")
@settings(SETTINGS, max_examples=40)
@given(network=networks)
def test_xml_to_yaml_and_back_is_the_same_text(folder, network):
    first = write_xml(network, folder / "a.nnc")
    write_yaml(read_xml(folder / "a.nnc"), folder / "b.yaml")
    assert write_xml(read_yaml(folder / "b.yaml")) == first


def test_yaml_is_readable_by_any_yaml_reader():
    yaml = pytest.importorskip("yaml")
    network = m.Network(
        populations=(m.Population(name="L", size=2, tau_m=math.inf, hebbian_rate=1e-7, w_max=2.0),),
        projections=(m.Projection(source="L", target="L", weight=-10, connection="all_to_all"),),
    )
    assert yaml.safe_load(write_yaml(network)) == {
        "populations": [{"name": "L", "size": 2, "tau_m": math.inf, "hebbian_rate": 1e-7, "w_max": 2}],
        "projections": [{"source": "L", "target": "L", "connection": "all_to_all", "weight": -10}],
    }


def test_defaults_are_left_out():
    network = m.Network(populations=(m.Population(name="L", size=2),))
    assert write_yaml(network) == "populations:\n  - name: L\n    size: 2\n"
    assert "<props>\n          <n>2</n>\n        </props>" in write_xml(network)


@pytest.mark.parametrize("suffix", [".nnc", ".xml", ".yaml", ".yml"])
def test_save_leaves_only_the_file(tmp_path, suffix):
    network = m.Network(populations=(m.Population(name="L", size=2),))
    save(network, tmp_path / f"n{suffix}")
    assert load(tmp_path / f"n{suffix}") == network
    assert [p.name for p in tmp_path.iterdir()] == [f"n{suffix}"]


def test_a_failed_save_keeps_the_old_file(tmp_path, monkeypatch):
    from colanet.errors import OutputError

    path = tmp_path / "n.yaml"
    path.write_text("old")

    def broken(*_):
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", broken)
    with pytest.raises(OutputError, match=r"n\.yaml: cannot be written: disk full"):
        save(m.Network(populations=(m.Population(name="L", size=2),)), path)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["n.yaml"]


def test_what_is_infinite_is_read_back_out_of_a_saved_state():
    """States hold their configuration as JSON, which has no infinity."""
    network = m.Network(populations=(m.Population(name="A", size=2, tau_m=math.inf, memory=math.inf),))
    assert m.Network.model_validate_json(network.model_dump_json()) == network
