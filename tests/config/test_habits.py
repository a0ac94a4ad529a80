"""What strangers' files have and the manual has not: it is read, or refused in one line that says why."""

import warnings

import numpy as np
import pytest

import colanet
from colanet.config import ConfigWarning, load, load_with_notices
from colanet.errors import ConfigError

NOISE = (
    '<RECEPTORS name="R" n="4"><Implementation lib="fromFile"><args type="none">'
    "<history_length>9</history_length></args></Implementation></RECEPTORS>"
)


def document(*, receptors=NOISE, props="", links="", tail=""):
    """R and a section L of six neurons; its props stand in line 3."""
    return (
        f'<SNN>\n{receptors}\n<NETWORK><Sections><Section name="L"><props><n>6</n>{props}</props></Section>\n'
        f"{links}</Sections></NETWORK>\n{tail}</SNN>\n"
    )


def noticed(folder, text):
    """The network of a file and its warnings, one text each."""
    (folder / "a.nnc").write_text(text, encoding="utf-8")
    network, notices = load_with_notices(folder / "a.nnc")
    return network, [str(notice) for notice in notices]


def refused(folder, text):
    """The one line that refuses a file."""
    (folder / "a.nnc").write_text(text, encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConfigWarning)
        with pytest.raises(ConfigError) as caught:
            load(folder / "a.nnc")
    assert len(caught.value.problems) == 1
    return str(caught.value)


# ------------------------------------------------------- rules without a gap


TUTORIAL = """<SNN>
  <RECEPTORS name="R" n="1"><Implementation lib="fromFile"><args type="text"><source>signal.txt</source></args></Implementation></RECEPTORS>
  <RECEPTORS name="P" n="1"><Implementation lib="fromFile"><args type="text"><source>reward.txt</source></args></Implementation></RECEPTORS>
  <NETWORK><Sections>
    <Section name="A"><props><n>1</n></props></Section>
    <Section name="U"><props><n>1</n><chartime>2</chartime><weight_inc>0.1</weight_inc><minweight>-0.1</minweight>
      <maxweight>{w_max}</maxweight><stability_resource_change_ratio>0.2</stability_resource_change_ratio>
      <dopamine_plasticity_time>5</dopamine_plasticity_time><nsilentsynapses>-1</nsilentsynapses></props></Section>
    <Link from="P" to="A" policy="aligned" type="fixed"><weight>9</weight></Link>
    <Link from="R" to="U" type="plastic" policy="all-to-all"><IniResource type="uni"><min>{start}</min><max>{start}</max></IniResource></Link>
    <Link from="A" to="U" type="reward" policy="all-to-all"><weight>{reward}</weight></Link>
  </Sections></NETWORK>
</SNN>
"""  # noqa: E501


STEP = 0.5 * 2 ** (-20 / 1024)
"""A reward of 0.5 at the stability r dH = 0.02, whose power is taken from a table of 1024ths."""


@pytest.mark.parametrize("engine", ["reference", "numba"])
@pytest.mark.parametrize(
    ("reward", "start", "w_max", "resource", "stability"),
    [
        # The reward reaches U at step 3, within dopamine_plasticity_time of the synapse's spike at step 1.
        (-0.5, 3, 1, 2.5, 0),  # rR = -0.1, but a stability not above 0 can only increase
        (0.5, 3, 1, 3.5, 0),  # no spike of U in sight: -rR = -0.1, held back as well
        # Weight 30.1 * 40 / 70.1 - 0.1 = 17 lets U fire at step 1: dH = 0.1 and r dH = 0.02. Then rR and -rR.
        (-0.5, 40, 30, 40.1 - STEP, 0.02 - 0.1),
        (0.5, 40, 30, 40.1 + STEP, 0.02 - 0.1),
    ],
)
def test_the_two_factor_rule_needs_no_sequence_gap(tmp_path, engine, reward, start, w_max, resource, stability):
    (tmp_path / "signal.txt").write_text("@\n.\n.\n.\n")
    (tmp_path / "reward.txt").write_text(".\n@\n.\n.\n")
    network, _ = noticed(tmp_path, TUTORIAL.format(reward=reward, start=start, w_max=w_max))
    assert network.populations[1].isi_max == 0
    assert network.projections[0].kind == "fixed"
    session = colanet.Session(network, base_dir=tmp_path, engine=engine)
    session.run()
    assert session.resources("R->U")[0, 0] == pytest.approx(resource, abs=2e-6)
    assert session.stability("U")[0] == pytest.approx(stability, abs=2e-6)


# ------------------------------------------------------ what is taken as meant


def source(text, args="<args>"):
    return (
        f'<RECEPTORS name="R" n="2"><Implementation lib="FromFile">{args}{text}</args></Implementation></RECEPTORS>'
    )


@pytest.mark.parametrize("args", ["<args>", '<args type="">', '<args type=" ">'])
def test_args_without_type_are_text(tmp_path, args):
    network, notices = noticed(tmp_path, document(receptors=source("<source>s.txt</source>", args)))
    assert (network.inputs[0].kind, network.inputs[0].source) == ("text", "s.txt")
    assert notices == [
        f"{tmp_path / 'a.nnc'}:2: RECEPTORS R: type is missing: text is meant, as before the manual 2.2"
    ]


@pytest.mark.parametrize(
    "comment",
    [
        "<!-- a -- b -->",
        "<!---- ---->",
        "<!-- ends in a dash --->",
        "<!-- many ------\n--\n-->",
        "<!-- <chartime>5</chartime> -- <?pi -->",
        "<![CDATA[ ]]><!-- after -- it -->",
        "<?pi <!-- -- ?>",
        "<!--\n\\part--of.nnc\n-->",
    ],
)
def test_comments_may_hold_hyphens_and_lines_stay_right(tmp_path, comment):
    network, notices = noticed(tmp_path, document(tail=comment, props="<chartime>3</chartime>"))
    assert network.populations[0].tau_m == 3
    assert notices == []
    lines = comment.count("\n")
    bad = document(props=comment + "<chartime>x</chartime>", receptors=NOISE)
    assert f"a.nnc:{3 + lines}: Section L: chartime: expected" in refused(tmp_path, bad)


@pytest.mark.parametrize("comment", ["<!-- -- open", "<!-- a <!-- b --> c -->", "<!---->-->"])
def test_what_is_no_comment_is_refused_in_one_line(tmp_path, comment):
    assert "a.nnc:" in refused(tmp_path, document(tail=comment))


def test_very_many_comments_take_no_time(tmp_path):
    noticed(tmp_path, document(tail="<!-- -- -->" * 100_000))
    assert "not well-formed" in refused(tmp_path, document(tail="<!--" * 400_000))


READOUT = '<Readout lib="StateClassifier"><output>L</output>{}</Readout>'
TARGET = (
    '<RECEPTORS name="T" n="6"><Implementation lib="StateClassifier"><args><target_file>t.txt</target_file>'
    "<learning_time>8</learning_time><state_duration>4</state_duration>{}</args></Implementation></RECEPTORS>"
)


@pytest.mark.parametrize(
    ("more", "left"),
    [("<output>M</output>", "M"), ("<output>M</output><output>K</output>", "M, K"), ("<output>L</output>", None)],
)
def test_the_first_of_several_outputs_decides(tmp_path, more, left):
    text = document(receptors=NOISE + TARGET.format(""), tail=READOUT.format(more))
    network, notices = noticed(tmp_path, text)
    assert network.readout.population == "L"
    expected = [f"only the first output, L, decides; {left} has no part in it"] if left else []
    assert [notice.split(": ")[2] for notice in notices] == expected


@pytest.mark.parametrize("written", ["data\\s.txt", ".\\data\\s.txt", "data/s.txt"])
def test_backslashes_lead_to_the_same_file(tmp_path, written):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "s.txt").write_text("@.\n.@\n")
    (tmp_path / "data" / "t.txt").write_text("1\n")
    (tmp_path / "data" / "m.txt").write_text("left\nright\n")
    files = f"<source>{written}</source><meanings>{written.replace('s.txt', 'm.txt')}</meanings>"
    text = document(
        receptors=source(files, '<args type="TEXT">')
        + TARGET.format("").replace("t.txt", written.replace("s.txt", "t.txt")).replace(">4<", ">2<")
    )
    network, _ = noticed(tmp_path, text)
    assert network.inputs[0].source == written  # kept as it is written
    session = colanet.Session(network, base_dir=tmp_path)
    np.testing.assert_array_equal(session.presentation.sources[0].spikes(0, 2)[1], [0, 1])
    assert session.presentation.labels.tolist() == [1]
    session.save(tmp_path / "data" / "state.h5")
    saved = network.model_copy(update={"state": written.replace("s.txt", "state.h5")})
    assert colanet.Session(saved, base_dir=tmp_path).origin == 0


def test_a_file_whose_name_has_a_backslash_comes_first(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "s.txt").write_text("@.\n")
    (tmp_path / "data\\s.txt").write_text(".@\n")
    network, _ = noticed(tmp_path, document(receptors=source("<source>data\\s.txt</source>", '<args type="text">')))
    assert colanet.Session(network, base_dir=tmp_path).presentation.sources[0].spikes(0, 1)[1].tolist() == [1]


@pytest.mark.parametrize("floor", ["9", "8.532"])
def test_a_floor_above_the_threshold_is_warned_of(tmp_path, floor):
    network, notices = noticed(tmp_path, document(props=f"<minpotential>{floor}</minpotential>"))
    assert network.populations[0].min_potential == float(floor)
    assert len(notices) == 1
    assert "minpotential" in notices[0]
    assert "fires at every step" in notices[0]


# ---------------------------------------------------------------- no class


@pytest.mark.parametrize(
    ("old", "value", "wanted"),
    [("yes", None, "-1"), ("True", -7, "-7"), ("yes", 20, "20"), ("no", None, None), ("false", 3, None)],
)
def test_the_old_yes_and_no_keep_their_meaning(tmp_path, old, value, wanted):
    more = "" if value is None else f"<no_class_value>{value}</no_class_value>"
    text = document(receptors=NOISE + TARGET.format(f"<no_class>{old}</no_class>{more}"))
    network, _ = noticed(tmp_path, text)
    assert network.inputs[1].no_class == wanted
    (tmp_path / "a.yaml").write_text(
        "populations: [{name: L, size: 6}]\ninputs:\n  - {name: T, kind: state_target, size: 6, target_file: t, "
        f"learning_time: 8, period: 4, no_class: {old}" + ("}" if value is None else f", no_class_value: {value}}}")
    )
    assert load(tmp_path / "a.yaml").inputs[0].no_class == wanted


@pytest.mark.parametrize("old", ["yes", "true"])
@pytest.mark.parametrize("value", [0, 5, 6])
def test_an_old_yes_that_would_move_classes_is_refused(tmp_path, old, value):
    args = f"<no_class>{old}</no_class><no_class_value>{value}</no_class_value>"
    line = refused(tmp_path, document(receptors=NOISE + TARGET.format(args)))
    assert f"write '{value}' instead of {old}" in line
    assert f"the labels of the classes are then 0 to 6 without {value}" in line


@pytest.mark.parametrize("given", ["0", "-1", "'-'", "''", "none"])
def test_no_class_is_a_text_in_yaml_too(tmp_path, given):
    (tmp_path / "a.yaml").write_text(
        "populations: [{name: L, size: 6}]\ninputs:\n  - {name: T, kind: state_target, size: 6, target_file: t, "
        f"learning_time: 8, period: 4, no_class: {given}, no_class_value: 0}}"
    )
    assert load(tmp_path / "a.yaml").inputs[0].no_class == given.strip("'")


# --------------------------------------------------- known, and not taken


@pytest.mark.parametrize("criterion", ["F1", "accuracy", ""])
def test_an_unknown_criterion_is_refused(tmp_path, criterion):
    args = f"<criterion>{criterion}</criterion>"
    line = refused(tmp_path, document(receptors=NOISE + TARGET.format(args)))
    assert "expected one of absolute_error, weighted_error, averaged_F, Rsquared" in line


@pytest.mark.parametrize("name", ["results.h5", "..", "a/..", "x/CHECKPOINT.H5"])
def test_predictions_cannot_take_the_place_of_other_results(tmp_path, name):
    args = f"<prediction_file>{name}</prediction_file>"
    assert "is no name of a CSV file" in refused(tmp_path, document(receptors=NOISE + TARGET.format(args)))


@pytest.mark.parametrize("structure", ['type="W"', 'type="w" dimension="3"', 'type="W" dim="2"'])
def test_structure_w_is_refused_with_what_to_write_instead(tmp_path, structure):
    line = refused(tmp_path, document(props=f"<Structure {structure}/>"))
    assert 'type="W" has no public definition; write type="O"' in line


OLD = (
    "<Network><Receptors><N>3</N></Receptors><Sections><Section><CHARTIME>3</CHARTIME></Section>"
    '<Link type="excitatory"/></Sections></Network>'
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (OLD, 1),
        (f"<SNN>\n{OLD}</SNN>", 2),
        ("<SNN>\n\n<Receptors name='R'/></SNN>", 3),
        (document(links='<Link from="R" to="L" type="Excitatory"/>'), 4),
        (document(props="<CHARTIME>3</CHARTIME><THRESHOLD>9</THRESHOLD><N>6</N>"), 3),
    ],
)
def test_the_dialect_of_2021_is_named_in_one_line(tmp_path, text, line):
    found = refused(tmp_path, text)
    assert found.startswith(f"{tmp_path / 'a.nnc'}:{line}: the dialect of 2021 to 2023 ")


def test_one_capital_letter_is_a_slip_and_not_the_old_dialect(tmp_path):
    assert "a.nnc:3: Section L: unknown element N in props" in refused(tmp_path, document(props="<N>6</N>"))


def test_words_of_the_old_dialect_may_stand_among_globals(tmp_path):
    network, _ = noticed(tmp_path, document(tail="<Global><N>3</N><CHARTIME>2</CHARTIME></Global>"))
    assert network.globals == (("N", "3"), ("CHARTIME", "2"))


def test_sections_of_a_plug_in_are_named(tmp_path):
    plug_in = '<NETWORK><Implementation lib="TinyfromANN"><args/></Implementation></NETWORK>'
    assert "Implementation in NETWORK is known but not taken" in refused(tmp_path, document(tail=plug_in))
