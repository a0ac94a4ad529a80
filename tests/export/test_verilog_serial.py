"""The serial bridge of the boards, in Icarus Verilog: what host.py sends arrives, and the other way round."""

import importlib.util
import random
import subprocess
from pathlib import Path

import pytest

import colanet.export
from colanet.engine import make_engine
from colanet.export.verilog.readback import regions_of
from tests.export.harness import tool
from tests.export.test_verilog_bench import PERIOD, Small

BOARDS = Path(colanet.export.__file__).parent / "verilog" / "boards"
HERE = Path(__file__).parent / "serial"
CORE = {
    "node_bits": 10, "neuron_bits": 9, "class_bits": 4, "period": 2, "first_step": 0, "lanes": 2,
    "registers": [{"name": "freeze", "index": 3, "bits": 32, "signed": False}],
    "regions": [
        {"name": "bytes", "region": 1, "entries": 256, "bits": 8, "signed": True, "words": 1},
        {"name": "triples", "region": 2, "entries": 100, "bits": 19, "signed": False, "words": 1},
        {"name": "pairs", "region": 3, "entries": 20, "bits": 40, "signed": True, "words": 2},
        {"name": "code", "region": 4, "entries": 15, "bits": 4, "signed": False, "words": 1, "neurons": 3,
         "stride": 8},
    ],
}  # fmt: skip


def host_module():
    spec = importlib.util.spec_from_file_location("host", BOARDS / "host.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


host = host_module()


class Simulation:
    """A transport through the bench, which sends and receives every bit of the line."""

    def __init__(self, program, folder=None):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen([tool("vvp"), "-n", str(program)], cwd=folder, **pipes)

    def write(self, data):
        self.process.stdin.write("".join(f"w{byte:02x}\n" for byte in data))

    def read(self, size):
        self.process.stdin.write("r" * size)
        self.process.stdin.flush()
        lines = [self.process.stdout.readline().strip() for _ in range(size)]
        if "silence" in lines:
            raise host.BoardError("the board is silent")
        return bytes(int(line, 16) for line in lines)

    def reset(self):
        self.process.stdin.write("b")

    def close(self):
        self.process.communicate("", timeout=600)


def compiled(out, header, core, divider=8):
    """The bench with the bridge and a core, whose network.vh is in a folder."""
    sources = [HERE / "bench.v", BOARDS / "board.v", BOARDS / "serial.v", *core]
    words = [
        tool("iverilog"),
        "-g2005",
        f"-Pbench.DIVIDER={divider}",
        "-I",
        str(header),
        "-o",
        str(out),
        *map(str, sources),
    ]
    subprocess.run(words, check=True)
    return out


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return compiled(tmp_path_factory.mktemp("serial") / "bench.vvp", HERE, [HERE / "echo.v"])


@pytest.fixture
def line(program):
    found = Simulation(program)
    yield found
    found.close()


def test_spikes_come_back_and_objects_have_answers(line):
    device = host.Device(line, CORE)
    draw = random.Random(1)
    for _ in range(4):
        steps = [draw.sample(range(512), draw.randrange(9)) for _ in range(2)]
        assert [device.step(nodes) for nodes in steps] == [sorted(nodes) for nodes in steps]
        assert device.at_end_of_object()
        assert device.answer() == (sum(map(len, steps)) % 16 if any(steps) else None)
    device.step([])
    assert not device.at_end_of_object()
    device.step([])
    assert device.answer() is None


def test_no_byte_is_lost_when_the_core_is_slower_than_the_line(line):
    """The steps are twice the buffer; a spike takes longer in the core than on the line."""
    device = host.Device(line, CORE)
    steps = [random.Random(k).sample(range(512), 150) for k in range(4)]
    for nodes in steps:
        device.send_step(nodes)
    for k, nodes in enumerate(steps):
        assert device.fired() == sorted(nodes)
        if k % 2:
            assert device.answer() == 300 % 16


def test_registers_and_memories_keep_their_signs(line):
    device = host.Device(line, CORE)
    device.set_register("freeze", 0xFFFF_FFF0)
    assert device.register("freeze") == 0xFFFF_FFF0
    draw = random.Random(2)
    for name, low, high, count in (("bytes", -128, 127, 256), ("triples", 0, 2**19 - 1, 100),
                                   ("pairs", -(2**39), 2**39 - 1, 20)):  # fmt: skip
        values = [low, high, -1 if low else 1, 0, *(draw.randint(low, high) for _ in range(count - 4))]
        device.write(name, values)
        assert device.read(name) == values
    device.write("pairs", [-5, 7], first=9)
    assert device.read("pairs", 8, 4)[1:3] == [-5, 7]
    assert device.step([5, 3]) == [3, 5]


@pytest.mark.slow
def test_a_core_learns_behind_the_bridge(tmp_path):
    """Spikes, answer and what is learnt of an object are those of the simulator."""
    small = Small(tmp_path)
    sources = [small.core / name for name in small.manifest["sources"]]
    line = Simulation(compiled(tmp_path / "bench.vvp", small.core, sources, divider=4), small.core)
    device = host.Device(line, small.manifest)
    stop, answers, fired = small.start + PERIOD, [], []
    for step in range(small.start, stop):
        parts = zip(small.manifest["inputs"], range(9), strict=False)
        nodes = [source["first"] + int(j) for source, k in parts for j in small.inputs.at(k, step)]
        fired += [(step, neuron) for neuron in device.step(nodes)]
        if device.at_end_of_object():
            answers.append(device.answer())
    assert fired == sorted(map(tuple, small.records[small.records[:, 0] < stop].tolist()))
    assert [-1 if answer is None else answer for answer in answers] == small.answers[:1].tolist()
    engine = make_engine("numba", small.plan)
    engine.load(small.before)
    engine.run(small.inputs, small.start, stop, freeze=stop)
    expected = regions_of(small.plan, engine.state(), small.manifest)
    for name in ("threshold", "stability"):
        assert (expected[name] != regions_of(small.plan, small.before, small.manifest)[name]).any()
        assert device.read(name) == expected[name].tolist()
    assert device.register("step") == stop
    line.close()


def test_weights_of_rows_go_to_their_synapses(line):
    """Five nodes, three neurons in groups of two; on the bus synapses lie neuron by neuron, in steps of eight."""
    device = host.Device(line, CORE)
    codes = list(range(15))
    rows = [codes[3 * node] | codes[3 * node + 1] << 4 for node in range(5)] + [codes[3 * n + 2] for n in range(5)]
    device.load(rows)
    assert device.read("code") == codes
    assert device.read("bytes", 8, 5) == [1, 4, 7, 10, 13]
    with pytest.raises(host.BoardError, match="9 rows of weights, expected 10"):
        device.load(rows[:-1])
    with pytest.raises(host.BoardError, match="code: 3 entries, expected all 15 of them"):
        device.read("code", 0, 3)


def test_a_break_gives_up_what_was_begun_and_memories_stay(line):
    device = host.Device(line, CORE)
    device.write("bytes", [1, -2, 3])
    line.write(bytes([host.STEP, 9, 0, 1]))
    device.reset()
    assert device.read("bytes", 0, 3) == [1, -2, 3]
    assert device.step([4]) == [4]


@pytest.mark.parametrize(
    ("data", "reason"),
    [([9], "bytes that it does not know"), ([2, 5, 1, 0, 0, 0, 0, 0], "bytes that it does not know"),
     ([1, 255, 255, *[0] * 2000], "buffer overflowed")],
)  # fmt: skip
def test_what_the_board_cannot_do_is_told_and_a_reset_helps(line, data, reason):
    device = host.Device(line, CORE)
    line.write(bytes(data))
    with pytest.raises(host.BoardError, match=reason):
        device.fired()
    device.reset()
    assert device.step([1, 2]) == [1, 2]


@pytest.mark.parametrize(
    ("act", "message"),
    [(lambda d: d.step([1023]), "node 1023, expected 0 to 1022"),
     (lambda d: d.read("weights"), "weights: unknown region, expected one of bytes, triples, pairs"),
     (lambda d: d.read("bytes", 250, 7), "bytes: entries 250 to 256, it has 256"),
     (lambda d: d.write("bytes", [128]), "bytes: 128, expected -128 to 127"),
     (lambda d: d.set_register("none", 1), "none: unknown register, expected one of freeze")],
)  # fmt: skip
def test_what_cannot_be_asked_for_is_one_line(line, act, message):
    with pytest.raises(host.BoardError, match=message):
        act(host.Device(line, CORE))


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"1 2\n3 x\n", "line 2: expected integers, got '3 x'"), (b"\xff", "expected a text file of integers")],
)  # fmt: skip
def test_a_file_that_holds_no_integers_is_refused(tmp_path, content, message):
    path = tmp_path / "spikes.txt"
    path.write_bytes(content)
    with pytest.raises(host.BoardError, match=message):
        host.integers(path)


def test_the_command_line_says_what_is_missing(tmp_path, capsys):
    assert host.main(["--port", "none", "--core", str(tmp_path / "core.json"), "read", "code"]) == 2
    (message,) = capsys.readouterr().err.splitlines()
    assert "core.json" in message
