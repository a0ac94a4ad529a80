"""docs/verilog.md: it names all ports, files and options; its program brings a core's state back."""

import json
import re
import sys
import types
from pathlib import Path

import numpy as np
import pytest

import colanet
from colanet.checkpoints import saved
from colanet.config import load
from colanet.engine.base import digest
from colanet.export import export
from colanet.export.registry import options_of
from colanet.export.verilog.export import SOURCES
from colanet.export.verilog.readback import regions_of
from colanet.session import Session
from experiments.hardware import tables, tools
from experiments.verilog_mnist import main as verilog_mnist

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "verilog.md").read_text(encoding="utf-8")
FOLDER = Path(colanet.__file__).parent / "export" / "verilog"


def test_the_page_names_every_port():
    text = (FOLDER / "rtl" / "colanet.v").read_text(encoding="utf-8")
    ports = re.search(r"module colanet \((.*?)\);", text, re.DOTALL)[1].replace("\n", " ").split(",")
    assert len(ports) > 15
    assert [port.strip() for port in ports if f"`{port.strip()}`" not in PAGE] == []


def test_the_page_names_every_option():
    for name in options_of("verilog"):
        assert re.search(rf"^\| `(--option )?(--)?{name}\b", PAGE, re.MULTILINE), name
    for option in verilog_mnist.params:
        assert option.param_type_name == "argument" or f"`{option.opts[0]}" in PAGE, option.name


def test_the_page_calls_the_programs_as_the_experiments_do():
    """Sources, synthesis, options of place and route."""
    block = re.search(r"```bash\ncd core\n(.*?)```", PAGE, re.DOTALL)[1]
    sources = " ".join(re.findall(r"^S=\"(?:\$S )?(.*?)\"$", block, re.MULTILINE))
    script = tools.script({"sources": SOURCES}, "ulx3s", tools.ECP5)
    assert script in block.replace("$S", sources)
    assert " ".join(tools.DEVICES["LFE5U-85F"].words) in block


def test_the_tables_of_registers_and_memories_are_those_of_the_manifest():
    assert "| `freeze` | 2 | 32 | no | yes | 4294967295 |" in tables.registers()
    assert "| `resource` | 5 | R->L | 156,800 | 12 | 1 | yes | no | 2048 | 2^-20 |" in tables.regions()


class Board:
    """A device of host.py that is the simulator: it rests, and tells what a core would."""

    def __init__(self, session, core):
        self.session, self.core, self.frozen = session, core, None

    @property
    def time(self):
        return self.session.origin + self.session.step

    def register(self, name):
        assert name == "step"
        return self.time

    def set_register(self, name, value):
        assert (name, value) == ("freeze", self.time)
        self.frozen = value

    def step(self, nodes):
        assert nodes == []
        assert self.frozen is not None
        row = self.time % self.session.plan.history
        self.session.rest(1)
        state = self.session.state()
        return [p.start + int(j) for p in self.session.plan.populations
                for j in np.flatnonzero(state[f"0/{p.name}/spikes"][row])]  # fmt: skip

    def at_end_of_object(self):
        return self.time % self.core["period"] == 0

    def answer(self):
        return None

    def read(self, name):
        return regions_of(self.session.plan, self.session.state(), self.core)[name].tolist()


@pytest.mark.slow
def test_the_program_of_the_page_brings_a_state_back(tmp_path, monkeypatch):
    """Exported after 60 images; the core then learns 30 more; what is read is the state of the simulator."""
    session = Session(load(ROOT / "configs" / "mnist_one.yaml"), base_dir=ROOT / "configs", train=90, test=0)
    session.proceed(60 * 24 + 5)
    session.save(tmp_path / "trained.h5")
    before = saved(tmp_path / "trained.h5")
    export("verilog", before.plan, before.state, tmp_path / "core", overwrite=True,
           options={"learn": True, "lanes": 50}, step=before.step)  # fmt: skip
    session.proceed(90 * 24 - 3)
    core = json.loads((tmp_path / "core" / "core.json").read_text())
    board = Board(session, core)
    host = types.ModuleType("host")
    host.SerialPort, host.Device = lambda port, baud: None, lambda port, told: board
    monkeypatch.setitem(sys.modules, "host", host)
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    monkeypatch.chdir(tmp_path)
    code = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1]
    exec(compile(code, "docs/verilog.md", "exec"), {"__name__": "page"})
    found = saved(tmp_path / "learnt.h5")
    assert found.step == board.time == before.step + 30 * 24 - 8 + core["history"]
    assert digest(found.state, found.step) == digest(session.state(), board.time)
    assert digest(found.state, found.step) != digest(before.state, found.step)
