"""Bad configurations: one clear line each, with file and line, exit status 2, nothing written."""

import os
import re
import time

import pytest

RECEPTORS = (
    '<RECEPTORS name="R" n="4"><Implementation lib="fromFile"><args type="none">'
    "<history_length>9</history_length></args></Implementation></RECEPTORS>"
)


def xml(sections="", *, receptors=RECEPTORS, props="", extra="", head=""):
    """A network of R (4 nodes, line 2), section L (line 5) and whatever is given (sections from line 7)."""
    return (
        f"{head}<SNN>\n{receptors}\n<NETWORK>\n<Sections>\n"
        f'<Section name="L"><props><n>6</n>{props}</props></Section>\n'
        f"\n{sections}\n</Sections>\n</NETWORK>\n{extra}\n</SNN>\n"
    )


def yaml(populations="", *, projections="", inputs="", top=""):
    """A network of R and population L (line 4); more populations from line 6."""
    return (
        f"{top}\ninputs: [{{name: R, kind: noise, size: 4, steps: 9}}{inputs}]\n"
        f"populations:\n  - name: L\n    size: 6\n{populations}\nprojections: [{projections}]\n"
    )


IMAGE = (
    '<RECEPTORS name="I"><Implementation lib="fromFile"><args type="image"><Special>{}</Special></args>'
    "</Implementation></RECEPTORS>"
)
TARGET = (
    '<RECEPTORS name="T" n="3"><Implementation lib="ObjectClassifier"><args><target_file>t</target_file>'
    "<learning_time>9</learning_time>{}</args></Implementation></RECEPTORS>"
)
VALUES = IMAGE.replace('"image"', '"text_values"')
LINK = '<Link from="R" to="L"{}>{}</Link>'
BOMB = (
    '<!DOCTYPE SNN [<!ENTITY a "aaaaaaaaaa">'
    + "".join(
        f'<!ENTITY {n} "&{p};&{p};&{p};&{p};&{p};&{p};&{p};&{p};">'
        for p, n in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>\n<SNN>&i;</SNN>"
)

# name: (content, line, phrase)
XML = {
    "empty": ("", 1, "the file is empty"),
    "blank": (" \n\n", 1, "the file is empty"),
    "not xml": ("hello", 1, "not well-formed XML"),
    "unclosed": ("<SNN>\n<NETWORK>\n</SNN>", 3, "not well-formed XML"),
    "binary": (b"\x7fELF\x00\xff\xfe\x01", 1, "not utf-8"),
    "wrong bytes": (b"<SNN>\n<!-- \xcf\xf0\xe8 -->\n</SNN>", 2, "not utf-8"),
    "unknown encoding": ('<?xml version="1.0" encoding="uft-8"?>\n<SNN/>', 1, "unknown encoding 'uft-8'"),
    "slow encoding": ('<?xml version="1.0" encoding="punycode"?>\n<SNN/>', 1, "unknown encoding"),
    "nul": (b"<SNN>\n\x00</SNN>", 2, "not well-formed XML"),
    "wrong root": ("<!-- x -->\n<svg/>", 2, "the root element is svg, expected SNN"),
    "entity bomb": (BOMB, 1, "DOCTYPE"),
    "doctype after comment": ("<!-- \n -->\n<!DOCTYPE SNN>\n<SNN/>", 3, "DOCTYPE"),
    "doctype in utf-16": ('<?xml version="1.0"?><!DOCTYPE SNN><SNN/>'.encode("utf-16"), 1, "DOCTYPE"),
    "external entity": (
        '<!DOCTYPE SNN [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n<SNN>&x;</SNN>',
        1,
        "DOCTYPE",
    ),
    "undefined entity": ("<SNN>\n&x;</SNN>", 2, "not well-formed XML"),
    "deep": ("<SNN>\n" + "<a>" * 200_000 + "</a>" * 200_000 + "</SNN>", 2, "nested too deeply"),
    "deep unclosed": ("<SNN>\n" + "<a>" * 200_000, 2, "nested too deeply"),
    "linearized": (xml().replace("<SNN>", '<SNN model="linearized">'), 1, "no public definition"),
    "superquantized": (xml().replace("<SNN>", '<SNN model="superquantized">'), 1, "no public definition"),
    "other model": (xml().replace("<SNN>", '<SNN model="rough">'), 1, "model='rough' is unknown"),
    "unknown root attribute": (xml().replace("<SNN>", '<SNN mode="x">'), 1, "unknown attribute mode of SNN"),
    "unknown element": (xml(extra="<Foo/>"), 10, "unknown element Foo in SNN"),
    "unknown property": (
        xml(props="<chartine>3</chartine>"),
        5,
        "Section L: unknown element chartine in props",
    ),
    "unknown attribute": (xml(LINK.format(' kind="x"', "")), 7, "Link R->L: unknown attribute kind"),
    "unknown inside property": (xml(props="<chartime><a/></chartime>"), 5, "unknown element a in chartime"),
    "stray text": (xml("loose words"), 7, "unexpected text 'loose words'"),
    "stray text at top": (xml(extra="loose"), 10, "unexpected text 'loose'"),
    "missing n": (xml().replace("<n>6</n>", ""), 5, "Section L: n: is missing"),
    "missing name": (xml().replace(' name="L"', ""), 5, "name: is missing"),
    "missing to": (xml('<Link from="R"/>'), 7, "to: is missing"),
    "missing gating weight": (
        xml(LINK.format(' type="gating"', "")),
        7,
        "a gating projection needs a weight",
    ),
    "plastic weight": (
        xml(LINK.format(' type="signal"', "<weight>1</weight>")),
        7,
        "plastic projection has no weight",
    ),
    "text for number": (
        xml(props="\n\n<chartime>fast</chartime>"),
        7,
        "Section L: chartime: expected a number",
    ),
    "fraction for steps": (
        xml(props="<reset_period>1.5</reset_period>"),
        5,
        "reset_period: expected a whole",
    ),
    "nan": (xml(props="<minweight>nan</minweight>"), 5, "minweight: expected"),
    "infinite number": (xml(props="<maxweight>1e999</maxweight>"), 5, "maxweight: expected a finite number"),
    "empty number": (xml(props="<minweight/>"), 5, "minweight: expected a number, not ''"),
    "given twice": (
        xml(props="<minweight>-1</minweight>\n<minweight>-1</minweight>"),
        6,
        "minweight: given twice",
    ),
    "two spellings": (
        xml(props="<weight_inc>1</weight_inc>\n<hebbian_plasticity>1</hebbian_plasticity>"),
        6,
        "given twice",
    ),
    "flag with no": (xml(props="<three_factor_plasticity>no</three_factor_plasticity>"), 5, "a flag"),
    "memory": (xml(props="<memory>UNI(5,1)</memory>"), 5, "lower bound must not exceed"),
    "memory below 1": (xml(props="<memory>UNI(0,5)</memory>"), 5, "the bounds are steps from 1"),
    "structure without type": (xml(props='<Structure dimension="2"/>'), 5, "Structure: expected type="),
    "structure dims": (xml(props='<Structure type="L"><dim>2</dim></Structure>'), 5, "two elements dim"),
    "structure zero": (
        xml(props='<Structure type="L"><dim>0</dim><dim>2</dim></Structure>'),
        5,
        "at least 1",
    ),
    "structure product": (
        xml(props='\n<Structure type="L"><dim>2</dim><dim>2</dim></Structure>'),
        6,
        "n is 6, but the dims multiply to 4",
    ),
    "structure product of endless digits": (
        xml(props='\n<Structure type="L"><dim>2</dim><dim>2</dim></Structure>').replace(">6<", f">{'6' * 5000}<"),
        5,
        "n: expected a smaller whole number",
    ),
    "columns do not divide": (xml(props='<Structure type="O" dimension="4"/>'), 5, "not a multiple of the 4"),
    "unknown policy": (
        xml(LINK.format(' policy="all"', "")),
        7,
        "unknown policy 'all', expected one of aligned",
    ),
    "unknown type": (xml(LINK.format(' type="exciting"', "")), 7, "unknown type 'exciting'"),
    "negative probability": (
        xml(LINK.format("", "<probability>-0.1</probability>")),
        7,
        "expected at least 0",
    ),
    "probability above 1": (xml(LINK.format("", "<probability>1.1</probability>")), 7, "expected at most 1"),
    "delay 31": (xml(LINK.format("", "\n<delay>31</delay>")), 8, "steps from 1 to 30"),
    "delay 0": (xml(LINK.format("", "<delay>0</delay>")), 7, "steps from 1 to 30"),
    "delay uni beyond 30": (
        xml(LINK.format("", '<Delay type="uni"><min>1</min><max>40</max></Delay>')),
        7,
        "bounds are whole numbers from 1 to 30",
    ),
    "delay uni incomplete": (
        xml(LINK.format("", '<Delay type="uni"><min>1</min></Delay>')),
        7,
        "min and max",
    ),
    "delay of resource kind": (xml(LINK.format("", '<Delay type="dis"/>')), 7, "Link R->L: delay: expected"),
    "unknown distribution": (xml(LINK.format("", '<Delay type="gauss"/>')), 7, "one of uni, ln, dis"),
    "shares above 1": (
        xml(
            LINK.format(
                ' type="signal"',
                '<IniResource type="dis"><value share="0.7">1</value>'
                '<value share="0.7">2</value></IniResource>',
            ),
            props="<maxweight>1</maxweight>",
        ),
        7,
        "shares must not add up to more than 1",
    ),
    "weight overflow": (
        xml(LINK.format("", "<weight>2000001</weight>")),
        7,
        "Link R->L: weight: 2000001 is out of",
    ),
    "plastic overflow": (
        xml(LINK.format(' type="signal"', ""), props="<maxweight>32.8</maxweight>"),
        5,
        "Section L: maxweight: 32.8 is out of range",
    ),
    "plastic without maxweight": (
        xml(LINK.format(' type="signal"', "")),
        5,
        "Section L: maxweight: is needed",
    ),
    "plastic without leak": (
        xml(
            LINK.format(' type="signal"', ""), props="<maxweight>1</maxweight>\n<chartime>INFINITY</chartime>"
        ),
        6,
        "chartime: must be finite",
    ),
    "plastic window": (
        xml(LINK.format(' type="signal"', ""), props="<maxweight>1</maxweight><chartime>2000</chartime>"),
        5,
        "reaches back 6000 steps",
    ),
    "reward overflow": (
        xml(LINK.format(' type="reward"', "<weight>-1001</weight>")),
        7,
        "weight: -1001 is out of range",
    ),
    "hebbian overflow": (
        xml(props="<weight_inc>1e4</weight_inc>"),
        5,
        "hebbian_plasticity: 10000 is out of range",
    ),
    "kick overflow": (
        xml(props="<stochastic_stimulation>66</stochastic_stimulation>"),
        5,
        "stochastic_stimulation: 66 is out of range",
    ),
    "fractional gating": (
        xml(LINK.format(' type="gating"', "<weight>1.5</weight>")),
        7,
        "a gating weight is a whole number of steps",
    ),
    "unknown section": (
        xml('\n<Link from="R" to="M"/>'),
        8,
        "there is no input or population M; known: R, L",
    ),
    "link into input": (xml('<Link from="L" to="R"/>'), 7, "R is an input"),
    "duplicate sections": (
        xml('<Section name="L"><props><n>2</n></props></Section>'),
        7,
        "the name L is given twice",
    ),
    "duplicate across kinds": (
        xml('<Section name="R"><props><n>2</n></props></Section>'),
        7,
        "the name R is given",
    ),
    "unequal columns": (
        xml(
            '<Section name="M"><props><n>6</n><Structure type="O" dimension="3"/></props></Section>\n'
            '<Link from="L" to="M" policy="all-to-all-sections"><weight>1</weight></Link>',
            props='<Structure type="O" dimension="2"/>',
        ),
        8,
        "Link L->M: policy: L has 2 columns and M has 3",
    ),
    "ncopies 0": (
        xml().replace("<NETWORK>", '<NETWORK ncopies="0">'),
        3,
        "NETWORK ncopies: expected at least 1",
    ),
    "ncopies disagree": (
        xml(extra='<NETWORK ncopies="2"><Sections/></NETWORK>').replace("<NETWORK>", '<NETWORK ncopies="3">'),
        10,
        "must agree",
    ),
    "merge no": (
        xml().replace("<NETWORK>", '<NETWORK ncopies="3" merge="no">'),
        3,
        'merge="no" is not supported',
    ),
    "no sections": (f"<SNN>{RECEPTORS}</SNN>", 1, "at least one population"),
    "plug-in": (
        xml(receptors='<RECEPTORS name="P"><Implementation lib="ping-pong-environment"/></RECEPTORS>'),
        2,
        "RECEPTORS P: lib: 'ping-pong-environment' is no library of colanet, and no installed package has it",
    ),
    "no implementation": (xml(receptors='<RECEPTORS name="P"/>'), 2, "Implementation is missing"),
    "unknown args type": (
        xml(
            receptors='<RECEPTORS name="P"><Implementation lib="fromFile">\n<args type="movie"/>'
            "</Implementation></RECEPTORS>"
        ),
        3,
        "expected one of text, binary, image, text_values, none, not 'movie'",
    ),
    "noise without n": (xml(receptors=RECEPTORS.replace(' n="4"', "")), 2, "a noise input needs its size"),
    "noise without end": (
        xml(receptors=RECEPTORS.replace("<history_length>9</history_length>", "")),
        2,
        "history_length: is needed",
    ),
    "image without period": (xml(receptors=IMAGE.format("")), 2, "ntact_per_image: is missing"),
    "image without height": (
        xml(receptors=IMAGE.format("<ntact_per_image>9</ntact_per_image><width>5</width>")),
        2,
        "height is missing",
    ),
    "presentation beyond period": (
        xml(
            receptors=IMAGE.format(
                "<ntact_per_image>9</ntact_per_image><image_presentation_time>10</image_presentation_time>"
            )
        ),
        2,
        "presentation 10 exceeds the period 9",
    ),
    "relative saturation": (
        xml(receptors=VALUES.format('\n<saturation_level absolute="no">5</saturation_level>')),
        3,
        'only absolute="yes"',
    ),
    "periods differ": (
        xml(
            receptors=IMAGE.format("<ntact_per_image>15</ntact_per_image>")
            + TARGET.format("\n<spike_period>1</spike_period>\n<state_duration>9</state_duration>")
        ),
        4,
        "RECEPTORS T: object_presentation_period: 9 steps, but I has 15",
    ),
    "label outside period": (
        xml(receptors=IMAGE.format("<ntact_per_image>15</ntact_per_image>") + "\n" + TARGET.format("")),
        3,
        "the label would come at step 16",
    ),
    "readout without target": (
        xml(extra='<Readout lib="ObjectClassifier"><output>L</output></Readout>'),
        10,
        "needs a target input",
    ),
    "readout of nothing": (
        xml(extra='<Readout lib="ObjectClassifier"><output>X</output></Readout>'),
        10,
        "there is no population X",
    ),
    "readout lib": (
        xml(extra='<Readout lib="TinyfromANN"><output>L</output></Readout>'),
        10,
        "lib 'TinyfromANN' is no readout of colanet",
    ),
    "readout size": (
        xml(
            receptors=TARGET.format("<spike_period>1</spike_period><state_duration>9</state_duration>"),
            extra='<Readout lib="ObjectClassifier"><output>L</output></Readout>',
        ),
        10,
        "L has 6 neurons, but T has 3 classes",
    ),
    "missing include": (xml(extra="\\nowhere.nnc"), 10, "the included file 'nowhere.nnc' does not exist"),
    "include of itself": (xml(extra="\\bad.nnc"), 10, "include cycle"),
    "include above": (xml(extra="\\..\\other.nnc"), 10, "lies outside the configuration's folder"),
    "include absolute": (xml(extra="\\/etc/passwd"), 10, "lies outside the configuration's folder"),
    "include through a link": (xml(extra="\\link.nnc"), 10, "lies outside the configuration's folder"),
    "include in a section": (xml("\\good.nnc"), 7, "an include line belongs directly inside SNN"),
}

ALIASES = "\n".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 9) if before else '1'}]"
    for before, name in zip(["", *"abcdefg"], "abcdefgh", strict=True)
)
YAML = {
    "empty": ("", 1, "the file is empty"),
    "wrong root": ("- 1\n- 2\n", 1, "expected a mapping"),
    "scalar root": ("hello", 1, "expected a mapping"),
    "not yaml": ("populations: [\n  {name: L", 2, "not readable as YAML"),
    "tab": ("populations:\n\t- name: L", 2, "not readable as YAML"),
    "binary": (b"populations:\n  \xff\xfe", 2, "not utf-8"),
    "control character": (b"populations:\n  \x07", 2, "unprintable character"),
    "deep flow": ("a:\n  " + "[" * 200_000 + "]" * 200_000, 2, "nested too deeply"),
    "deep maps": ("{a: " * 200_000, 1, "nested too deeply"),
    "deep sequences": ("- " * 200_000, 1, "nested too deeply"),
    "alias bomb": (ALIASES, 1, "aliases are not accepted"),
    "alias": (yaml(top="x: *y"), 1, "aliases are not accepted"),
    "python tag": (yaml(top="state: !!python/object/apply:os.system [ls]"), 1, "tag"),
    "two documents": (yaml() + "---\n" + yaml(), 8, "a second document"),
    "duplicate key": (yaml("    size: 7"), 6, "the key 'size' is given twice"),
    "duplicate section": (yaml() + "inputs: []", 8, "the key 'inputs' is given twice"),
    "unknown key": (yaml(top="speed: 9"), 1, "speed: unknown field"),
    "unknown field": (yaml("    tau: 9"), 6, "population L: tau: unknown field; known: name, size, columns"),
    "unknown kind": (
        yaml(inputs=", {name: X, kind: video}"),
        2,
        "input X: kind: expected one of noise, text",
    ),
    "missing kind": (yaml(inputs=", {name: X}"), 2, "input X: kind: is missing"),
    "missing size": (yaml("  - name: M"), 6, "population M: size: is missing"),
    "no populations": ("inputs: []", 1, "at least one population"),
    "populations as text": ("populations: L", 1, "populations: expected a list"),
    "population as text": ("populations:\n  - L", 2, "expected a mapping with the fields name, size"),
    "text for number": (yaml("    hebbian_rate: fast"), 6, "hebbian_rate: expected a number, not 'fast'"),
    "truth for number": (yaml("    isi_max: true"), 6, "isi_max: expected a whole number, not 'true'"),
    "null for number": (yaml("    isi_max:"), 6, "isi_max: expected a whole number, not None"),
    "nan": (yaml("    w_max: .nan"), 6, "w_max: expected"),
    "infinity": (yaml("    w_max: .inf"), 6, "w_max: expected a finite number, not inf"),
    "huge": (yaml("    isi_max: " + "9" * 3000), 6, "isi_max: expected at most 4096"),
    "negative infinity of tau": (yaml("    tau_m: -.inf"), 6, "tau_m: expected a number of steps"),
    "bad name": (yaml('  - {name: "a b", size: 1}'), 6, "name: expected a name without blanks"),
    "winner without columns": (yaml("    winner_take_all: true"), 4, "winner_take_all needs columns"),
    "copies 0": (yaml(top="copies: 0"), 1, "copies: expected at least 1, not 0"),
    "delay 31": (yaml(projections="{source: R, target: L, delay: 31}"), 7, "steps from 1 to 30"),
    "delay uniform reversed": (
        yaml(projections="{source: R, target: L, delay: {uniform: [5, 1]}}"),
        7,
        "the lower bound must not exceed",
    ),
    "delay uniform of three": (
        yaml(projections="{source: R, target: L, delay: {uniform: [1, 2, 3]}}"),
        7,
        "uniform: has too many entries",
    ),
    "negative probability": (
        yaml(projections="{source: R, target: L, probability: -1}"),
        7,
        "projection R->L: probability: expected at least 0, not -1",
    ),
    "unknown population": (
        yaml(projections="\n{source: R, target: M}"),
        8,
        "there is no input or population M",
    ),
    "projection into input": (yaml(projections="{source: L, target: R}"), 7, "R is an input"),
    "duplicate names": (yaml("  - {name: L, size: 1}"), 6, "the name L is given twice"),
    "resource overflow": (
        yaml("    w_max: 1", projections="{source: R, target: L, kind: plastic, initial_resource: 3000}"),
        7,
        "3000 is out of range",
    ),
}

CASES = [(".nnc", name, *case) for name, case in XML.items()] + [
    (".yaml", name, *case) for name, case in YAML.items()
]


@pytest.fixture
def home(tmp_path):
    """A folder with a good file to include, and one outside of it."""
    folder = tmp_path / "home"
    folder.mkdir()
    (tmp_path / "other.nnc").write_text(xml())
    (folder / "good.nnc").write_text('<SNN><NETWORK><Sections><Section name="M"/></Sections></NETWORK></SNN>')
    (folder / "link.nnc").symlink_to(tmp_path / "other.nnc")
    return folder


@pytest.mark.parametrize(
    ("suffix", "content", "line", "phrase"),
    [(suffix, content, line, phrase) for suffix, _, content, line, phrase in CASES],
    ids=[f"{suffix[1:]}-{name}" for suffix, name, *_ in CASES],
)
def test_one_clear_line(home, run_validate, run_convert, suffix, content, line, phrase):
    path = home / f"bad{suffix}"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = sorted(os.listdir(home))
    began = time.process_time()
    result = run_validate(path)
    assert time.process_time() - began < 5
    assert result.exit_code == 2
    assert result.stdout == ""
    problems = [text for text in result.stderr.splitlines() if not text.startswith("warning: ")]
    assert len(problems) == 1
    assert problems[0].startswith(f"{path}:{line}: ")
    assert phrase in problems[0]
    assert len(problems[0]) < len(str(path)) + 900

    converted = run_convert(path, home / "out.yaml")
    assert converted.exit_code == 2
    assert problems[0] in converted.stderr
    assert sorted(os.listdir(home)) == before


@pytest.mark.parametrize("suffix", [".nnc", ".yaml"])
def test_all_problems_at_once_in_the_order_of_the_lines(home, run_validate, suffix):
    path = home / f"bad{suffix}"
    if suffix == ".nnc":
        section = '<Section name="M"><props><n>x</n></props></Section>'
        links = '<Link from="M" to="L"><delay>99</delay></Link>\n<Link from="R" to="Q"/>'
        path.write_text(xml(f"{section}\n{links}", props="<chartime>0</chartime><foo/>", extra="<Bar/>"))
        lines = [5, 5, 7, 8, 9, 12]
    else:
        populations = "    tau_m: 0\n    foo: 1\n  - {name: M, size: x}"
        path.write_text(
            yaml(populations, projections="\n{source: M, target: L, delay: 99},\n{source: R, target: Q}")
        )
        lines = [6, 7, 8, 10, 11]
    result = run_validate(path)
    assert result.exit_code == 2
    found = [
        int(re.match(rf"{re.escape(str(path))}:(\d+): ", text)[1]) for text in result.stderr.splitlines()
    ]
    assert found == lines
    # M exists, though it is not understood: no second complaint about its name.
    assert "there is no input or population M" not in result.stderr


def test_include_cycle_over_two_files_names_the_inner_line(home, run_validate):
    (home / "a.nnc").write_text(xml(extra="\\b.nnc"))
    (home / "b.nnc").write_text("<SNN>\n\n\\a.nnc\n</SNN>")
    result = run_validate(home / "a.nnc")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{home / 'b.nnc'}:3: the included file 'a.nnc' includes itself")
    assert len(result.stderr.splitlines()) == 1


def test_problem_in_an_included_file_names_that_file(home, run_validate):
    (home / "part.nnc").write_text("<SNN>\n<NETWORK>\n<Sections>\n<Foo/></Sections></NETWORK>\n</SNN>")
    (home / "a.nnc").write_text(xml(extra="\\part.nnc"))
    result = run_validate(home / "a.nnc")
    assert result.stderr == f"{home / 'part.nnc'}:4: unknown element Foo in Sections\n"


def test_include_fan_out_is_stopped(home, run_validate):
    for index in range(30):
        (home / f"f{index}.nnc").write_text(f"<SNN>\n\\f{index + 1}.nnc\n\\f{index + 1}.nnc\n</SNN>")
    (home / "f30.nnc").write_text("<SNN/>")
    (home / "a.nnc").write_text(xml(extra="\\f0.nnc"))
    result = run_validate(home / "a.nnc")
    assert result.exit_code == 2
    assert "more than 100 includes" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_very_many_problems_are_cut_short(home, run_validate):
    (home / "a.nnc").write_text(xml("<Foo/>\n" * 20_000))
    result = run_validate(home / "a.nnc")
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 501
    assert "and 19500 more problems" in result.stderr


def test_too_large_a_file(home, run_validate):
    (home / "a.yaml").write_text("#" * (5 << 20))
    assert "larger than the 2 MiB" in run_validate(home / "a.yaml").stderr


@pytest.mark.parametrize("name", ["missing.nnc", "missing.yaml", "folder.nnc", "odd.txt", "odd"])
def test_files_that_cannot_be_read(home, run_validate, run_convert, name):
    (home / "folder.nnc").mkdir()
    (home / "odd.txt").write_text(yaml())
    for result in (run_validate(home / name), run_convert(home / name, home / "out.yaml")):
        assert result.exit_code == 2
        assert len(result.stderr.splitlines()) == 1
        assert str(home / name) in result.stderr
    assert not (home / "out.yaml").exists()


def test_lenient_turns_the_unknown_into_warnings(home, run_validate):
    (home / "a.nnc").write_text(xml(props='<foo a="1"/>', extra="<Bar/>\nwords"))
    (home / "a.yaml").write_text(yaml("    foo: 1", top="bar: 2"))
    for name, count in (("a.nnc", 3), ("a.yaml", 2)):
        strict = run_validate(home / name)
        assert strict.exit_code == 2
        assert len(strict.stderr.splitlines()) == count
        lenient = run_validate(home / name, "--lenient")
        assert lenient.exit_code == 0
        assert lenient.stdout.startswith(
            f"{home / name}: ok (1 input, 1 population"
        )
        assert lenient.stderr == "".join(f"warning: {line}\n" for line in strict.stderr.splitlines())


def test_lenient_does_not_forgive_errors(home, run_validate):
    (home / "a.nnc").write_text(xml(props="<foo/><chartime>0</chartime>"))
    result = run_validate(home / "a.nnc", "--lenient")
    assert result.exit_code == 2
    assert "chartime" in result.stderr
    assert "foo" not in result.stderr
