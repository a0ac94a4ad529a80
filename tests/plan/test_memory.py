"""A network that does not fit in memory is refused before anything is made, with the bytes it would take."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colanet import Session, config
from colanet.config.model import Network
from colanet.connections import CONNECTIONS
from colanet.errors import ConfigError
from colanet.plan import Plan, build, memory

CONFIGS = Path(__file__).parents[2] / "configs"
TEXT = """
inputs:
  - {name: R, kind: noise, size: 1, noise: 0.5, steps: 3}
populations:
  - {name: L, size: %d}
projections:
  - {source: R, target: L, connection: %s, weight: 0.01}
copies: %d
"""
TOO_LARGE = [
    (4, "one_to_one", 65536),
    (2**24, "one_to_one", 1),
    (2**22, "all_to_all", 2),
    (20_000, "random", 50),
    (1000, "one_to_one", 60_000),
]


def described(size=4, connection="one_to_one", copies=1, **link) -> Network:
    return Network.model_validate(
        {
            "inputs": [{"name": "R", "kind": "noise", "size": 1, "steps": 3}],
            "populations": [{"name": "L", "size": size, "columns": None}],
            "projections": [{"source": "L", "target": "L", "connection": connection, "weight": 1, **link}],
            "copies": copies,
        }
    )


@pytest.mark.parametrize(("size", "connection", "copies"), TOO_LARGE)
@pytest.mark.parametrize("command", ["validate", "plan", "run"])
def test_what_does_not_fit_is_one_line(call, tmp_path, monkeypatch, size, connection, copies, command):
    monkeypatch.setenv(memory.VARIABLE, str(40 << 20))
    path = tmp_path / "n.yaml"
    path.write_text(TEXT % (size, connection, copies))
    monkeypatch.setattr(Plan, "synapses", None)  # nothing is built
    status, _, said = call(command, path)
    assert status == 2
    lines = [line for line in said.splitlines() if not line.startswith("warning")]
    assert len(lines) == 1
    assert "needs about " in lines[0]
    assert "40 MiB are free (COLANET_MEMORY" in lines[0]
    assert (f"for {copies} copies" in lines[0]) == (copies > 1)


def test_it_runs_where_there_is_enough(tmp_path, monkeypatch):
    monkeypatch.setenv(memory.VARIABLE, str(40 << 20))
    network = described(1000, copies=60_000)
    with pytest.raises(ConfigError, match="60000 copies"):
        Session(network)
    assert Session(network, copies=2, engine="reference").run().steps == 3


@pytest.mark.parametrize("text", ["many", "1e9", "-1", "½", "9" * 5000])
def test_a_wrong_number_of_bytes_is_one_line(monkeypatch, text):
    monkeypatch.setenv(memory.VARIABLE, text)
    with pytest.raises(ConfigError, match=f"COLANET_MEMORY: '{text[:40]}.* is not a number of bytes"):
        memory.check(build(described()))


# -------------------------------------------------------------------- what there is


def test_what_the_machine_has_is_the_least_of_its_limits(monkeypatch):
    monkeypatch.delenv(memory.VARIABLE, raising=False)
    for machine, groups, own, expected in [(9, 8, 7, 7), (9, None, None, 9), (9, -5, None, 0), (None,) * 4]:
        monkeypatch.setattr(memory, "_machine", lambda value=machine: value)
        monkeypatch.setattr(memory, "_groups", lambda value=groups: value)
        monkeypatch.setattr(memory, "_own_limit", lambda value=own: value)
        assert memory.available() == expected
    monkeypatch.setattr(memory, "_machine", lambda: 20)
    monkeypatch.setattr(memory, "_own_limit", lambda: 7)
    assert [memory.available(processes) for processes in (1, 2, 3)] == [7, 14, 20]
    for part in ("_machine", "_own_limit"):
        monkeypatch.setattr(memory, part, lambda: None)
    memory.check(build(described(2**24)))  # nothing is known, nothing is refused


def test_memory_of_the_machine(tmp_path):
    info = tmp_path / "meminfo"
    info.write_text("MemTotal: 900 kB\nMemAvailable:   500 kB\nSwapFree: 20 kB\nHugePages_Total: 0\n")
    assert memory._machine(info) == 520 * 1024
    assert memory._machine(tmp_path / "none") is None


def test_memory_that_control_groups_leave(tmp_path):
    """The tightest of a group and those above it; pages that can be dropped count as free."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    own = tmp_path / "own"
    for folder, most, taken, cached in ((tmp_path / "a", "1000", "400", 50), (tmp_path / "a/b", "max", "300", 0)):
        (folder / "memory.max").write_text(f"{most}\n")
        (folder / "memory.current").write_text(f"{taken}\n")
        (folder / "memory.stat").write_text(f"anon 7\ninactive_file {cached}\n")
    own.write_text("0::/a/b\n")
    assert memory._groups(tmp_path, own) == 650
    (tmp_path / "memory" / "c").mkdir(parents=True)
    (tmp_path / "memory" / "c" / "memory.limit_in_bytes").write_text("900\n")
    (tmp_path / "memory" / "c" / "memory.usage_in_bytes").write_text("800\n")
    own.write_text("5:cpu,memory:/c\n3:pids:/\n")
    assert memory._groups(tmp_path, own) == 100
    own.write_text("0::/\n")
    assert memory._groups(tmp_path, own) is None


def test_the_limit_of_the_process():
    code = (
        "import resource; from colanet.plan import memory\n"
        "assert memory._own_limit() is None\n"
        "resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30)); print(memory._own_limit() < 8 << 30)"
    )
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "True\n"


def test_sizes():
    assert [memory.size(n) for n in (0, 999, 1 << 20, 3 << 29, 1 << 50)] == [
        "0 bytes", "999 bytes", "1 MiB", "1.5 GiB", "1024 TiB",
    ]  # fmt: skip


# ---------------------------------------------------------------------- the estimate

RULES = CONNECTIONS.names()


@given(
    st.sampled_from(RULES),
    st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(1, 4), st.booleans()),
    st.sampled_from([0.0, 0.3, 1.0]),
    st.sampled_from([None, 1, 3]),
    st.integers(0, 99),
)
def test_no_projection_has_more_synapses_than_were_counted(connection, sizes, probability, most, seed):
    a, b, columns, with_columns = sizes
    link = {"probability": probability, "max_inputs": most} if connection == "random" else {}
    if connection == "all_to_all":
        link = {"source_fraction": probability or 0.7}
    network = Network.model_validate(
        {
            "populations": [
                {"name": name, "size": n * columns, "columns": columns if with_columns else None}
                for name, n in (("A", a), ("B", b))
            ],
            "projections": [
                {"source": x, "target": y, "connection": connection, "weight": 1, **link}
                for x in "AB"
                for y in "AB"
            ],
        }
    )
    plan = build(network, seed=seed)
    for projection in plan.projections:
        assert plan.synapses(projection.index).count <= memory.count(plan, projection)


PROBE = """
import re, sys
import colanet
from colanet import config
from colanet.plan import memory
network = config.load(sys.argv[1])
session = colanet.Session(network, copies=int(sys.argv[2]), threads=1, engine="numba")
session.run(50)
peak = re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]
print(1024 * int(peak), memory.network_bytes(session.plan))
"""


def peak_and_estimate(path: Path, copies: int) -> tuple[int, int]:
    done = subprocess.run([sys.executable, "-c", PROBE, str(path), str(copies)], capture_output=True, text=True)
    peak, estimate = map(int, done.stdout.split())
    return peak, estimate


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is measured in Linux's units")
def test_the_estimate_is_an_upper_bound_and_not_far_above(tmp_path):
    """Growth of the peak from a small to a large network of each kind, against the growth of the estimate."""
    text = TEXT.replace("size: 1,", "size: %s,").replace("weight: 0.01", "%s")
    text = text.replace("size: %d", "size: %d, w_max: 1")
    plastic = "kind: plastic"
    part = f"{plastic}, source_fraction: 0.8"
    kinds = {
        "copies": ((1, 4, "one_to_one", "weight: 9", 1), (1, 4, "one_to_one", "weight: 9", 3000)),
        "neurons": ((1, 4, "one_to_one", "weight: 9", 1), (1, 500_000, "one_to_one", "weight: 9", 1)),
        "plastic": ((1, 4, "all_to_all", plastic, 1), (2500, 2500, "all_to_all", plastic, 1)),
        "parts": ((1, 4, "all_to_all", plastic, 1), (2500, 2500, "all_to_all", part, 2)),
        "fixed": ((1, 4, "all_to_all", "weight: 9", 1), (15_000, 15_000, "all_to_all", "weight: 0.01", 1)),
    }
    known = {}

    def measured(end, again=False):
        nodes, size, connection, what, copies = end
        if again or end not in known:
            path = tmp_path / "n.yaml"
            path.write_text(text % (nodes, size, connection, what, copies))
            known[end] = peak_and_estimate(path, copies)
        return known[end]

    for name in ("fixed", "plastic"):
        for _ in range(2):  # compiling the kernels takes memory of its own
            measured(kinds[name][0], again=True)
    for name, ends in kinds.items():
        found = [measured(end) for end in ends]
        (small, little), (large, much) = found
        assert large - small <= much - little <= 3 * (large - small), (name, found)


def test_the_largest_shipped_network_is_estimated_in_the_plan():
    network = config.load(CONFIGS / "mnist_45.yaml")
    estimate = memory.network_bytes(build(network, input_sizes={"R": 784}))
    assert 60 << 20 < estimate < 300 << 20


def test_an_engine_that_lists_synapses_takes_more(monkeypatch):
    network = Network.model_validate(
        {
            "inputs": [{"name": "R", "kind": "noise", "size": 50, "noise": 0.1, "steps": 3}],
            "populations": [{"name": "L", "size": 40, "w_max": 1.0}],
            "projections": [{"source": "R", "target": "L", "kind": "plastic"}],
        }
    )
    plan = build(network)
    assert memory.listed(plan) == memory.LISTED * 50 * 40
    monkeypatch.setenv(memory.VARIABLE, str(memory.network_bytes(plan)))
    Session(network, engine="numba")
    with pytest.raises(ConfigError, match=r"network: needs about .* lists 70\.31 KiB"):
        Session(network, engine="reference")


def test_stretches_of_large_inputs_are_shorter(monkeypatch):
    plan = build(described())
    assert memory.longest_chunk(plan, 15_000) == 15_000
    assert memory.longest_chunk(plan, memory.CHUNK_NODES + 5) == memory.CHUNK_NODES
    before = memory.parts(plan)["input"]
    whole = Session(described(), engine="reference").run()
    monkeypatch.setattr(memory, "CHUNK_NODES", 2)
    assert memory.longest_chunk(plan, 15_000) == 2
    assert memory.parts(plan)["input"] < before
    short = Session(described(), engine="reference")
    assert [stop - start for start, stop in short._stretches([3])] == [2, 1]
    assert short.run().digest == whole.digest
