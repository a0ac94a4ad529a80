"""Every row of the tables of the language, read from XML, and the same thing written in YAML."""

import math

import pytest

from colanet.config import ConfigWarning, load, read_xml, read_yaml, write_xml, write_yaml
from colanet.config.model import (
    BinaryInput,
    Discrete,
    ImageInput,
    LogNormal,
    LogUniform,
    Network,
    NoiseInput,
    Population,
    Projection,
    Readout,
    TargetInput,
    TextInput,
    Uniform,
    ValuesInput,
)

SECTION = '<Section name="L"><props><n>6</n>{}</props></Section>'


PLAIN = SECTION.replace("{}", "")


def document(section=PLAIN, *, receptors="", link="", tail="", network="<NETWORK>"):
    return (
        f'<?xml version="1.0" encoding="utf - 8"?>\n<SNN model="smooth">{receptors}{network}<Sections>'
        f"{section}{link}</Sections></NETWORK>{tail}</SNN>"
    )


def read_both(tmp_path, text, wanted):
    """Read the XML, and compare it with what is wanted, also after YAML and after writing XML again."""
    (tmp_path / "a.nnc").write_text(text, encoding="utf-8")
    network = read_xml(tmp_path / "a.nnc")
    assert network == wanted
    write_yaml(network, tmp_path / "a.yaml")
    assert read_yaml(tmp_path / "a.yaml") == wanted
    write_xml(network, tmp_path / "b.nnc")
    assert read_xml(tmp_path / "b.nnc") == wanted
    return (tmp_path / "a.yaml").read_text(encoding="utf-8")


PROPS = [
    ('<Structure type="O" dimension="3"/>', {"columns": 3}, "columns: 3"),
    (
        '<Structure type="L"><dim>2</dim><dim>3</dim></Structure>',
        {"columns": 3, "winner_take_all": True},
        "winner_take_all: true",
    ),
    ("<chartime> 3 </chartime>", {"tau_m": 3}, "tau_m: 3"),
    ("<chartime>INFINITY</chartime>", {"tau_m": math.inf}, "tau_m: .inf"),
    ("<chartime>2.5</chartime>", {"tau_m": 2.5}, "tau_m: 2.5"),
    ("<chartime>3.0</chartime>", {"tau_m": 3}, "tau_m: 3\n"),
    ("<minpotential>1.5</minpotential>", {"min_potential": 1.5}, "min_potential: 1.5"),
    ('<Structure type="o" dimension="3E0"/>', {"columns": 3}, "columns: 3"),
    ("<memory>uni(2, 9)</memory>", {"memory": Uniform(uniform=(2, 9))}, "memory: {uniform: [2, 9]}"),
    ("<memory>1E3</memory>", {"memory": 1000}, "memory: 1000"),
    ("<minpotential>-2.5</minpotential>", {"min_potential": -2.5}, "min_potential: -2.5"),
    (
        "<threshold_inc>1</threshold_inc><threshold_decay_period>30</threshold_decay_period>",
        {"threshold_increment": 1, "threshold_decay": 30},
        "threshold_increment: 1\n    threshold_decay: 30",
    ),
    (
        "<threshold_excess_weight_dependent>0.2</threshold_excess_weight_dependent>",
        {"threshold_weight_factor": 0.2},
        "threshold_weight_factor: 0.2",
    ),
    ("<memory>7</memory>", {"memory": 7}, "memory: 7"),
    ("<memory>INFINITY</memory>", {"memory": math.inf}, "memory: .inf"),
    ("<memory>UNI(2, 9)</memory>", {"memory": Uniform(uniform=(2, 9))}, "memory: {uniform: [2, 9]}"),
    ("<memory>LU(2,9)</memory>", {"memory": LogUniform(log_uniform=(2, 9))}, "memory: {log_uniform: [2, 9]}"),
    ("<bursting_period>4</bursting_period>", {"memory_period": 4}, "memory_period: 4"),
    (
        "<stochastic_stimulation>2.2</stochastic_stimulation>",
        {"noise_amplitude": 2.2},
        "noise_amplitude: 2.2",
    ),
    ("<bias>-0.25</bias>", {"bias": -0.25}, "bias: -0.25"),
    ("<reset>subtract</reset>", {"reset": "subtract"}, "reset: subtract"),
    (
        "<reset_period>15</reset_period><reset_phase>2</reset_phase>",
        {"reset_period": 15, "reset_phase": 2},
        "reset_period: 15\n    reset_phase: 2",
    ),
    ("<weight_inc>-0.1</weight_inc>", {"hebbian_rate": -0.1}, "hebbian_rate: -0.1"),
    ("<hebbian_plasticity>-0.1</hebbian_plasticity>", {"hebbian_rate": -0.1}, "hebbian_rate: -0.1"),
    (
        "<hebbian_plasticity_chartime_ratio>2.72</hebbian_plasticity_chartime_ratio>",
        {"hebbian_window": 2.72},
        "hebbian_window: 2.72",
    ),
    ("<maxTSSISI>10</maxTSSISI>", {"isi_max": 10}, "isi_max: 10"),
    (
        "<dopamine_plasticity_time>11</dopamine_plasticity_time>",
        {"dopamine_window": 11},
        "dopamine_window: 11",
    ),
    ("<three_factor_plasticity/>", {"dopamine_rule": "three_factor"}, "dopamine_rule: three_factor"),
    (
        "<three_factor_plasticity>1</three_factor_plasticity>",
        {"dopamine_rule": "three_factor"},
        "three_factor",
    ),
    (
        "<stability_rule>two_factor</stability_rule>",
        {"stability_rule": "two_factor"},
        "stability_rule: two_f",
    ),
    (
        "<stability_resource_change_ratio>0.05</stability_resource_change_ratio>",
        {"stability_rate": 0.05},
        "stability_rate: 0.05",
    ),
    (
        "<minweight>-0.7</minweight><maxweight>0.86</maxweight>",
        {"w_min": -0.7, "w_max": 0.86},
        "w_min: -0.7\n    w_max: 0.86",
    ),
    ("<nsilentsynapses>-1</nsilentsynapses>", {"virtual_synapses": -1}, "virtual_synapses: -1"),
    (
        "<_1_factor_plasticity>-2.60169e-05</_1_factor_plasticity>"
        "<_1_factor_plasticity_period>10</_1_factor_plasticity_period>",
        {"presynaptic_rate": -2.60169e-05, "presynaptic_period": 10},
        "presynaptic_rate: -2.60169e-05\n    presynaptic_period: 10",
    ),
]


@pytest.mark.parametrize(("props", "fields", "yaml"), PROPS, ids=[yaml for _, _, yaml in PROPS])
def test_population(tmp_path, props, fields, yaml):
    wanted = Network(populations=(Population(name="L", size=6, **fields),))
    assert yaml in read_both(tmp_path, document(SECTION.format(props)), wanted)


def test_size_may_follow_from_the_dims_of_a_structure(tmp_path):
    section = SECTION.format('<Structure type="L"><dim>2</dim><dim>3</dim></Structure>').replace(
        "<n>6</n>", ""
    )
    read_both(
        tmp_path,
        document(section),
        Network(populations=(Population(name="L", size=6, columns=3, winner_take_all=True),)),
    )


LINKS = [
    ("", "", {}),
    ("", "<weight>9</weight>", {"weight": 9}),
    (' type="signal"', "<iniresource>3.192</iniresource>", {"kind": "plastic", "initial_resource": 3.192}),
    (' type="plastic"', "", {"kind": "plastic"}),
    (' type="fixed"', "<weight>9</weight>", {"weight": 9}),
    (' type="Plastic" policy="ALL-TO-ALL"', "", {"kind": "plastic", "connection": "all_to_all"}),
    ("", "<maxnpre>1E1</maxnpre><delay>1e1</delay>", {"max_inputs": 10, "delay": 10}),
    (' type="gating"', "<weight>-10</weight>", {"kind": "gating", "weight": -10}),
    (' type="reward"', "<weight>0.25</weight>", {"kind": "reward", "weight": 0.25}),
    (' policy="aligned"', "", {"connection": "one_to_one"}),
    (' policy="all-to-all"', "", {"connection": "all_to_all"}),
    (' policy="all-to-all-sections"', "", {"connection": "within_columns"}),
    (' policy="exclusive"', "", {"connection": "other_columns"}),
    (' policy="exclusive-sections"', "", {"connection": "within_columns_except_same"}),
    (
        "",
        "<probability>0.1</probability><maxnpre>7</maxnpre>",
        {"connection": "random", "probability": 0.1, "max_inputs": 7},
    ),
    ("", "<delay> 3 </delay>", {"delay": 3}),
    ("", "<Delay>3</Delay>", {"delay": 3}),
    ("", '<Delay type="uni"><min>1</min><max>30</max></Delay>', {"delay": Uniform(uniform=(1, 30))}),
    ("", '<Delay type="uni" min="1" max="30"/>', {"delay": Uniform(uniform=(1, 30))}),
    ("", "<delay><uni><min>1</min><max>30</max></uni></delay>", {"delay": Uniform(uniform=(1, 30))}),
    (
        "",
        '<Delay type="ln"><mean>4</mean><stddev>2.5</stddev></Delay>',
        {"delay": LogNormal(log_normal=(4, 2.5))},
    ),
    (
        ' type="signal"',
        '<IniResource type="uni"><min>-0.5</min><max>1</max></IniResource>',
        {"kind": "plastic", "initial_resource": Uniform(uniform=(-0.5, 1))},
    ),
    (
        ' type="signal"',
        '<IniResource type="dis"><default>1</default><value share="0.2">3</value>'
        '<value share="0.1">4</value></IniResource>',
        {"kind": "plastic", "initial_resource": Discrete(default=1, values=((3, 0.2), (4, 0.1)))},
    ),
]


@pytest.mark.parametrize(("attributes", "content", "fields"), LINKS)
def test_projection(tmp_path, attributes, content, fields):
    link = f'<Link from="L" to="L"{attributes}>{content}</Link>'
    wanted = Network(
        populations=(Population(name="L", size=6),),
        projections=(Projection(source="L", target="L", **fields),),
    )
    read_both(tmp_path, document(link=link), wanted)


def receptors(kind, args="", special="", n=' n="4"'):
    inner = f"<Special>{special}</Special>" if special else ""
    return (
        f'<RECEPTORS name="R"{n}><Implementation lib="fromFile"><args type="{kind}">{args}{inner}</args>'
        "</Implementation></RECEPTORS>"
    )


def target(lib, args, n=10):
    return (
        f'<RECEPTORS name="T" n="{n}"><Implementation lib="{lib}"><args><target_file>t.txt</target_file>'
        f"<learning_time>900</learning_time>{args}</args></Implementation></RECEPTORS>"
    )


TARGET = {"name": "T", "size": 10, "target_file": "t.txt", "learning_time": 900}
TIMES = "<ntact_per_image>15</ntact_per_image><image_presentation_time>10</image_presentation_time>"
RECORD = (
    "<record_presentation_period>15</record_presentation_period>"
    "<record_presentation_time>10</record_presentation_time>"
)
INPUTS = [
    (receptors("none"), NoiseInput(name="R", size=4)),
    (receptors("none", "<noise>0.3</noise>"), NoiseInput(name="R", size=4, noise=0.3)),
    (receptors("none", "<period>5</period>"), NoiseInput(name="R", size=4, pacemaker_period=5)),
    (receptors("none", "<history_length>99</history_length>"), NoiseInput(name="R", size=4, steps=99)),
    (receptors("none", "<history_length>1E3</history_length>"), NoiseInput(name="R", size=4, steps=1000)),
    (receptors("NONE", "<history_length>1.5e1</history_length>"), NoiseInput(name="R", size=4, steps=15)),
    (receptors("Text", "<mode>Endless</mode>"), TextInput(name="R", size=4, mode="endless")),
    (receptors("text", "<source> a b.txt </source>"), TextInput(name="R", size=4, source="a b.txt")),
    (receptors("text", n=""), TextInput(name="R")),
    (receptors("text", "<mode>repetitive</mode>"), TextInput(name="R", size=4, mode="repetitive")),
    (receptors("text", "<mode>endless</mode>"), TextInput(name="R", size=4, mode="endless")),
    (receptors("text", "<tacts_to_skip>8</tacts_to_skip>"), TextInput(name="R", size=4, skip=8)),
    (receptors("text", "<meanings>m.txt</meanings>"), TextInput(name="R", size=4, labels="m.txt")),
    (receptors("binary", "<source>a.bin</source>"), BinaryInput(name="R", size=4, source="a.bin")),
    (receptors("image", special=TIMES), ImageInput(name="R", size=4, period=15, presentation=10)),
    (
        receptors(
            "image", special=TIMES + "<width>5</width><height>6</height><nchannels>3</nchannels>", n=""
        ),
        ImageInput(name="R", period=15, presentation=10, shape=(5, 6, 3)),
    ),
    (
        receptors("image", special=TIMES + "<width>5</width><height>6</height><offset>16</offset>", n=""),
        ImageInput(name="R", period=15, presentation=10, shape=(5, 6, 1), offset=16),
    ),
    (
        receptors("image", special=TIMES + "<maxfrequency>0.5</maxfrequency><coding>poisson</coding>"),
        ImageInput(name="R", size=4, period=15, presentation=10, max_rate=0.5, coding="poisson"),
    ),
    (
        receptors("text_values", special=RECORD + '<saturation_level absolute="yes">5</saturation_level>'),
        ValuesInput(name="R", size=4, period=15, presentation=10, saturation=5),
    ),
    (
        target("ObjectClassifier", "<object_presentation_period>15</object_presentation_period>"),
        TargetInput(**TARGET, period=15),
    ),
    (
        target("StateClassifier", "<state_duration>20</state_duration><spike_period>2</spike_period>"),
        TargetInput(**TARGET, period=20, kind="state_target", spike_period=2),
    ),
    (
        target("ObjectClassifier", "<state_duration>20</state_duration><label_step>12</label_step>"),
        TargetInput(**TARGET, period=20, label_step=12),
    ),
    (
        target(
            "ObjectClassifier",
            "<state_duration>20</state_duration><no_class>0</no_class><no_class_value>0.5</no_class_value>",
        ),
        TargetInput(**TARGET, period=20, no_class="0", no_class_value=0.5),
    ),
    (
        target("StateClassifier", "<state_duration>20</state_duration><no_class>-</no_class>"),
        TargetInput(**TARGET, period=20, kind="state_target", no_class="-"),
    ),
    (
        target("StateClassifier", "<state_duration>20</state_duration><no_class/>"),
        TargetInput(**TARGET, period=20, kind="state_target", no_class=""),
    ),
    (
        target(
            "StateClassifier",
            "<state_duration>20</state_duration><criterion>averaged_F</criterion><sequential_test/>"
            "<prediction_file>p.csv</prediction_file>",
        ),
        TargetInput(
            **TARGET,
            period=20,
            kind="state_target",
            criterion="averaged_F",
            sequential_test=True,
            prediction_file="p.csv",
        ),
    ),
]


@pytest.mark.parametrize(("xml", "wanted"), INPUTS)
def test_input(tmp_path, xml, wanted):
    network = Network(inputs=(wanted,), populations=(Population(name="L", size=6),))
    read_both(tmp_path, document(receptors=xml), network)


@pytest.mark.parametrize(
    ("lib", "kind", "readout"),
    [("ObjectClassifier", "object_target", "object"), ("StateClassifier", "state_target", "state")],
)
def test_readout_copies_and_state(tmp_path, lib, kind, readout):
    text = document(
        receptors=target(lib, "<state_duration>9</state_duration>", n=6),
        network='<NETWORK ncopies="15" merge="yes" saved="s.h5">',
        tail=f'<Readout lib="{lib}"><output>L</output></Readout>',
    )
    wanted = Network(
        inputs=(TargetInput(**TARGET | {"size": 6}, period=9, kind=kind),),
        populations=(Population(name="L", size=6),),
        copies=15,
        state="s.h5",
        readout=Readout(kind=readout, population="L"),
    )
    assert "copies: 15\nstate: s.h5\n" in read_both(tmp_path, text, wanted).replace('"', "")


def test_globals_are_kept_and_reported_as_ignored(tmp_path):
    text = document(tail='<Global a="1"><b>2.5</b><c/></Global>')
    (tmp_path / "a.nnc").write_text(text)
    with pytest.warns(ConfigWarning, match=r"a\.nnc:2: Global is kept but not used"):
        network = load(tmp_path / "a.nnc")
    assert network.globals == (("a", "1"), ("b", "2.5"), ("c", ""))


def test_networks_merge_when_their_copies_agree(tmp_path):
    second = SECTION.replace("{}", "").replace('"L"', '"M"')
    tail = f'<NETWORK ncopies="3"><Sections>{second}</Sections></NETWORK>'
    (tmp_path / "a.nnc").write_text(document(tail=tail, network='<NETWORK ncopies="3">'))
    network = load(tmp_path / "a.nnc")
    assert [p.name for p in network.populations] == ["L", "M"]
    assert network.copies == 3


def test_include_in_place_and_relative_to_the_including_file(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.nnc").write_text(
        f"<SNN>\n<!--\n\\commented.nnc\n-->\n{receptors('none', '<history_length>9</history_length>')}\n"
        "  \\sub\\b.nnc \r\n<NETWORK><Sections><Section name='A'><props><n>1</n></props></Section>"
        "<Link from='R' to='C' policy='all-to-all'/></Sections></NETWORK></SNN>"
    )
    (tmp_path / "sub" / "b.nnc").write_text(
        f"<SNN>\n\\c.nnc\n<NETWORK><Sections>{SECTION.format('')}</Sections></NETWORK></SNN>"
    )
    (tmp_path / "sub" / "c.nnc").write_text(document(SECTION.format("").replace('"L"', '"C"')))
    assert [p.name for p in load(tmp_path / "a.nnc").populations] == ["C", "L", "A"]


def test_a_file_of_the_field_without_presentation_times(tmp_path):
    text = document(
        receptors=receptors("text_values", "<source>x.csv</source>", "<saturation_level>5</saturation_level>")
        + target("ObjectClassifier", "", n=6),
        tail='<Readout lib="ObjectClassifier"><output>L</output></Readout>',
    )
    (tmp_path / "a.nnc").write_text(text)
    with pytest.warns(ConfigWarning, match="10 steps of spikes in 15 are assumed"):
        network = load(tmp_path / "a.nnc")
    assert (network.inputs[0].period, network.inputs[0].presentation, network.inputs[1].period) == (
        15,
        10,
        15,
    )


@pytest.mark.parametrize(
    ("encoding", "codec"),
    [("windows-1251", "cp1251"), ("UTF-8", "utf-8-sig"), ("utf-16", "utf-16"), ("utf  -  8", "utf-8")],
)
def test_encodings(tmp_path, encoding, codec):
    text = document(receptors=receptors("text", "<source>данные.txt</source>")).replace("utf - 8", encoding)
    (tmp_path / "a.nnc").write_bytes(text.encode(codec))
    assert load(tmp_path / "a.nnc").inputs[0].source == "данные.txt"


def test_comments_and_cdata_anywhere(tmp_path):
    section = SECTION.format(
        "<!-- a --><chartime>1<!-- b -->0</chartime><reset_period><![CDATA[15]]></reset_period>"
    )
    (tmp_path / "a.nnc").write_text("<!-- x -->\n" + document(section).split("\n", 1)[1] + "<!-- y -->")
    population = load(tmp_path / "a.nnc").populations[0]
    assert (population.tau_m, population.reset_period) == (10, 15)


def test_yaml_numbers_and_words(tmp_path):
    (tmp_path / "a.yaml").write_text(
        "# a comment\n"
        "populations:\n  - {name: L, size: 1e1, tau_m: infinity, hebbian_rate: -1e-3, w_max: +2}\n"
        "projections:\nreadout: null\n"
    )
    population = load(tmp_path / "a.yaml").populations[0]
    assert population == Population(name="L", size=10, tau_m=math.inf, hebbian_rate=-0.001, w_max=2)
