"""Libraries that are not ours: read as they stand, refused if they are not there, or replaced by noise."""

import pytest

import colanet
from colanet.config import load, load_with_notices, override, read_yaml, write_xml, write_yaml
from colanet.config.model import PluginInput
from colanet.config.stand_ins import StandIn, parse_stand_ins
from colanet.doors import INPUTS
from colanet.errors import ConfigError
from tests.outside import package

NETWORK = (
    "<NETWORK><Sections><Section name='L'><props><n>4</n></props></Section>"
    "<Link from='R' to='L' policy='aligned'/></Sections></NETWORK>"
)
GAME = f"""<SNN>
<RECEPTORS name="R" n="4">
<Implementation lib="game"><args type="fast">
<racket unit="cm">0.18</racket><ball><speed>3</speed></ball><ball><speed>5</speed></ball><mute/>
</args></Implementation></RECEPTORS>
<RECEPTORS name="Target" n="2"><Implementation lib="game"/></RECEPTORS>
{NETWORK}
<Readout lib="game"><output>L</output></Readout>
</SNN>"""
ARGS = {
    "@type": "fast",
    "racket": {"@unit": "cm", "#text": "0.18"},
    "ball": [{"speed": "3"}, {"speed": "5"}],
    "mute": "",
}


JUDGE = """from colanet.readout import Readout

make = print


class Judge(Readout):
    def __init__(self, *, depth=1, least=0.0, name=""):
        pass
"""


@pytest.fixture
def game(tmp_path):
    (tmp_path / "a.nnc").write_text(GAME)
    return tmp_path / "a.nnc"


@pytest.fixture
def played(tmp_path, monkeypatch):
    points = {"colanet.inputs": {"game": "make"}, "colanet.readouts": {"game": "Judge"}}
    package(tmp_path / "site", "game_of_tests", JUDGE, points, monkeypatch)


def test_what_is_not_installed_is_named_with_its_group_and_the_way_out(game):
    with pytest.raises(ConfigError) as caught:
        load(game)
    lines = str(caught.value).splitlines()
    assert [line.partition(" ")[0] for line in lines] == [f"{game}:{line}:" for line in (3, 6, 8)]
    assert "'game' is no library of colanet" in lines[0]
    assert "colanet.inputs" in lines[0]
    assert "--stand-in R=noise" in lines[0]
    assert "--stand-in Target=noise" in lines[1]
    assert "colanet.readouts" in lines[2]
    assert "--stand-in game=noise" in lines[2]


def test_an_installed_one_is_read_as_it_stands(game, played, tmp_path):
    text = GAME.replace('<RECEPTORS name="Target" n="2"><Implementation lib="game"/></RECEPTORS>', TARGET)
    game.write_text(text)
    network = load(game)
    assert network.inputs[0] == PluginInput(name="R", lib="game", size=4, args=ARGS)
    assert (network.readout.kind, network.readout.rule, network.readout.options) == ("state", "game", {})
    write_yaml(network, tmp_path / "b.yaml")
    assert load(tmp_path / "b.yaml") == network
    write_xml(network, tmp_path / "c.nnc")
    assert load(tmp_path / "c.nnc") == network
    assert override(network, "input.R.args", "{racket: 3}").inputs[0].args == {"racket": "3"}


TARGET = (
    '<RECEPTORS name="Target" n="4"><Implementation lib="StateClassifier"><args><target_file>t</target_file>'
    "<learning_time>9</learning_time><state_duration>9</state_duration></args></Implementation></RECEPTORS>"
)


def test_options_of_an_installed_readout(game, played):
    options = '<Readout lib="game" depth="2"><output>L</output><least>0.5</least><name>x</name></Readout>'
    game.write_text(GAME.replace('<Readout lib="game"><output>L</output></Readout>', options).replace(
        '<RECEPTORS name="Target" n="2"><Implementation lib="game"/></RECEPTORS>', TARGET
    ))  # fmt: skip
    readout = load(game).readout
    assert (readout.population, readout.options) == ("L", {"depth": 2, "least": 0.5, "name": "x"})


def test_noise_stands_in_for_a_library(game):
    network, notices = load_with_notices(game, stand_ins=["game=noise::0.25"])
    assert [(i.name, i.size, i.stand_in) for i in network.inputs] == [("R", 4, 0.25), ("Target", 2, 0.25)]
    assert network.inputs[0].args == ARGS
    assert network.readout is None
    said = [str(notice).partition(": ")[2] for notice in notices]
    assert sorted(said) == [
        "RECEPTORS R: noise of rate 0.25 stands in for game",
        "RECEPTORS Target: noise of rate 0.25 stands in for game",
        "Readout: noise stands in for game, so nothing is answered",
    ]


def test_noise_stands_in_for_an_input_by_its_name(game):
    with pytest.raises(ConfigError) as caught:
        load(game, stand_ins=["R=noise"])
    assert len(caught.value.problems) == 2
    game.write_text(GAME.replace('<Readout lib="game"><output>L</output></Readout>', "").replace(' n="2"', ""))
    with pytest.raises(ConfigError, match=r":6: RECEPTORS Target: n: is needed .*--stand-in Target=noise:SIZE"):
        load(game, stand_ins=["game=noise"])
    with pytest.warns(colanet.config.ConfigWarning, match="of rate 0.01 stands in for game"):
        network = load(game, stand_ins=["R=noise", "Target=noise:7"])
    assert [(i.size, i.stand_in) for i in network.inputs] == [(4, 0.01), (7, 0.01)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["R=noise:5"], r"RECEPTORS R: n: 4 nodes, but --stand-in R has 5"),
        (["X=noise"], r"--stand-in X: no input .*, nor its lib, is called so; there are R \(lib game\), T"),
        (["R"], r"^--stand-in R: expected NAME=noise, NAME=noise:SIZE or NAME=noise:SIZE:RATE$"),
        (["R=silence"], "expected NAME=noise"),
        (["R=noise:0"], "the size is a whole number from 1 to 16777216, not 0"),
        (["R=noise:4:2"], "the rate is a probability from 0 to 1, not 2"),
        (["R=noise:4:nan"], "the rate is a probability from 0 to 1, not nan"),
    ],
)
def test_stand_ins_that_cannot_be(game, words, said):
    with pytest.raises(ConfigError, match=said):
        load(game, stand_ins=words)


def test_stand_ins_in_words():
    assert parse_stand_ins(["a b=noise:1E3:.5", "c=noise"]) == (StandIn("a b", 1000, 0.5), StandIn("c", None, 0.01))


def test_stand_ins_of_a_network_without_plug_ins_are_refused(tmp_path):
    (tmp_path / "a.yaml").write_text("populations: [{name: L, size: 1}]\n")
    with pytest.raises(ConfigError, match=r"a.yaml: --stand-in R: .*; there is none"):
        load(tmp_path / "a.yaml", stand_ins=["R=noise"])


def test_numbers_and_shapes_of_arguments_have_one_form(tmp_path):
    args = "{a: 3, b: .5, c: 1.0, d: null, e: [1], f: [], g: {}, h: {'#text': x}, i: {'#text': '', j: 2}, '@k': no}"
    (tmp_path / "a.yaml").write_text(
        f"inputs: [{{name: R, kind: plugin, lib: eyes, args: {args}}}]\npopulations: [{{name: L, size: 1}}]\n"
    )
    assert read_yaml(tmp_path / "a.yaml").inputs[0].args == {
        "a": "3", "b": "0.5", "c": "1", "d": "", "e": "1", "f": "", "g": "", "h": "x", "i": {"j": "2"}, "@k": "no",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ("{'a b': 1}", "'a b' is no name of an argument"),
        ("{'@a': {b: 1}}", "@a is no text, number, list or mapping of these"),
        ("{a: [[1]]}", "a is no text, number, list or mapping of these"),
        ("3", "args: expected a mapping of names to texts"),
    ],
)
def test_arguments_that_no_file_can_hold(tmp_path, args, said):
    (tmp_path / "a.yaml").write_text(
        f"inputs: [{{name: R, kind: plugin, lib: eyes, args: {args}}}]\npopulations: [{{name: L, size: 1}}]\n"
    )
    with pytest.raises(ConfigError, match=f"a.yaml:1: input R: args: .*{said}|{said}"):
        read_yaml(tmp_path / "a.yaml")


def test_our_own_words_are_not_for_our_own_libraries(game):
    game.write_text(GAME.replace('<Implementation lib="game"/>', '<Implementation lib="fromFile" stand_in="1"/>'))
    with pytest.raises(ConfigError, match="unknown attribute stand_in of Implementation"):
        load(game, stand_ins=["R=noise"])


def test_nothing_of_ours_is_a_plug_in():
    assert INPUTS.names() == ()
