"""`colanet export --format c`: what compilers make of it gives the simulator's integers."""

import os
import random
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from colanet import config
from colanet.config.model import Network, NoiseInput, Population, Projection
from colanet.engine.base import InputSpikes
from colanet.engine.numba_engine import NumbaEngine
from colanet.errors import ConfigError
from colanet.export import export
from colanet.export.c.build import model_of
from colanet.export.c.levels import levels
from colanet.export.c.text import identifier, packed
from colanet.plan import build
from colanet.plan.variables import initial_state
from colanet.session import Session
from tests.engine.networks import networks, random_input
from tests.engine.test_seen import large
from tests.export.harness import STRICT, arrays_of, built, compile_c, ran, tool

CONFIGS = Path(__file__).parents[2] / "configs"
EXAMPLES = int(os.environ.get("COLANET_C_EXAMPLES", "25"))
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""Every example calls the compiler: shrinking one that fails would take minutes."""
SANITISED = ("-O0", "-fsanitize=undefined", "-fno-sanitize-recover")


@pytest.fixture(scope="module")
def flags(tmp_path_factory):
    """What undefined behaviour is found with, where the compiler has it."""
    source = tmp_path_factory.mktemp("flags") / "none.c"
    source.write_text("int main(void) { return 0; }")
    words = [tool("gcc"), *SANITISED, str(source), "-o", str(source.with_suffix(""))]
    return SANITISED if subprocess.run(words, capture_output=True).returncode == 0 else ("-O1",)


# -------------------------------------------------------------- random networks


def assert_same_state(plan, copy, net, found, state, step):
    """The arrays of a C program beside those that the exporter makes of the state that the engine reached."""
    expected = model_of(plan, state, copy=copy, learn=net.learn, name=net.name, step=step)
    inputs = {source.id for source in net.inputs}
    for owner, array in arrays_of(expected):
        if owner.id not in inputs:  # whose past a state does not keep
            np.testing.assert_array_equal(found[owner.id, array.name], array.values, err_msg=array.name)


def silent_until(inputs, step):
    """The same spikes without those before a step."""
    at = step - inputs.base
    ptr = tuple(np.maximum(p - p[at], 0) for p in inputs.ptr)
    index = tuple(i[p[at] :] for p, i in zip(inputs.ptr, inputs.index, strict=True))
    return InputSpikes(inputs.base, inputs.stop, ptr, index)


def compare(folder, network, seed, cut, learn, flags, stop=200):
    """Train up to a step, export, go on in the engine and in C, frozen at last."""
    plan = build(network, seed=seed)
    copy = plan.copies - 1
    engine = NumbaEngine(plan)
    engine.run(random_input(plan, cut, seed, base=-plan.history), 0, cut, freeze=cut)
    inputs = silent_until(random_input(plan, stop, seed + 1), cut)
    freeze = stop - 20 if learn else cut
    program, net = built(folder, plan, engine.state(), learn=learn, step=cut, copy=copy, flags=flags)
    spikes, found = ran(program, net, inputs, cut, stop, freeze)
    stretch = engine.run(inputs, cut, stop, freeze=freeze, record=range(len(plan.populations)))
    np.testing.assert_array_equal(spikes, stretch.records[copy])
    assert_same_state(plan, copy, net, found, engine.state(), stop)


@pytest.mark.slow
def test_random_networks_give_the_same_integers(tmp_path_factory, flags):
    folder = tmp_path_factory.mktemp("c")

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES)
    @given(networks(), st.integers(0, 2**32), st.integers(0, 60), st.booleans())
    def same(network, seed, cut, learn):
        compare(folder, network, seed, cut, learn, flags)

    same()


def taught(number):
    """A network whose neurons are forced and rewarded often; its rules and precision are drawn independently."""
    pick = random.Random(number).choice
    size = pick([1, 3, 6])
    bits, fraction = pick([(32, 20), (32, 5), (20, 20), (16, 12), (12, 8), (8, 4), (3, 0)])
    learns = {
        "name": "L", "size": size, "tau_m": pick([1, 3, 10]), "noise_amplitude": pick([0.0, 2.2]),
        "threshold_weight_factor": pick([0.0, 0.02, 0.3]), "reset": pick(["zero", "subtract"]),
        "hebbian_rate": pick([-0.1765, 0.3]), "hebbian_window": pick([0.0, 1.0, 3.0]),
        "isi_max": pick([0, 1, 4, 10]), "dopamine_window": pick([3, 10]), "stability_rate": pick([0.05, 1.0]),
        "stability_lifetime": pick([None, 3, 400]),
        "dopamine_rule": pick(["two_factor", "three_factor"]),
        "stability_rule": pick([None, "two_factor", "three_factor"]),
        "w_min": pick([0.0, -0.25, -1.6]), "w_max": pick([0.9, 5.0, 30.0]),
        "virtual_synapses": pick([-1, 0, 3, 27]), "weight_bits": pick([16, 13, 13, 8, 2]),
        "presynaptic_rate": pick([0.0, 0.2]), "presynaptic_period": 5,
        "resource_bits": bits, "resource_fraction": fraction, "resource_rounding": pick(["stochastic", "nearest"]),
        "random_generator": pick(["splitmix64", "jenkins32"]),
    }  # fmt: skip
    plastic = {"initial_resource": 2.0, "connection": pick(["all_to_all", "random"]), "delay": pick([1, 2])}
    to = {"target": "L", "connection": "all_to_all"}
    links = [
        to | plastic | {"source": "R", "kind": "plastic"},
        to | {"source": "T", "weight": 12.0, "delay": pick([1, 2, 3, 4]), "connection": "one_to_one"},
        to | {"source": "T", "kind": "reward", "weight": 0.25, "delay": 5},
        to | {"source": "T", "kind": "reward", "weight": pick([-0.46, 1.0]), "delay": 9},
        to | {"source": "G", "kind": "gating", "weight": -3},
    ]
    inputs = [{"name": name, "kind": "noise", "size": n} for name, n in (("R", 40), ("T", size), ("G", 1))]
    return Network.model_validate({"inputs": inputs, "populations": [learns], "projections": links})


def test_a_copy_that_sees_a_part_gives_the_same_integers(tmp_path, flags):
    compare(tmp_path, large(), 2, 60, True, flags)


@pytest.mark.slow
def test_networks_that_learn_much_give_the_same_integers(tmp_path, flags):
    for number in range(EXAMPLES):
        compare(tmp_path, taught(number), number, 20, True, flags)


def test_late_steps(tmp_path, flags):
    """Steps of more than 32 bits."""
    plan, late = build(taught(3)), (1 << 40) - 50
    early = silent_until(random_input(plan, 400, 7), 0)
    inputs = InputSpikes(early.base + late, early.stop + late, early.ptr, early.index)
    engine = NumbaEngine(plan)
    program, net = built(tmp_path, plan, engine.state(), learn=True, step=late, flags=flags)
    spikes, found = ran(program, net, inputs, late, late + 400, late + 400)
    stretch = engine.run(inputs, late, late + 400, freeze=late + 400, record=range(len(plan.populations)))
    np.testing.assert_array_equal(spikes, stretch.records[0])
    assert len(spikes) > 5
    assert_same_state(plan, 0, net, found, engine.state(), late + 400)


WIDE = Network(
    inputs=(NoiseInput(name="int", size=66_000, noise=0.5), NoiseInput(name="b+b", size=3, noise=0.5)),
    populations=(
        Population(name="b-b", size=7, w_min=-1.0, w_max=1.0, hebbian_rate=0.2, isi_max=4, resource_bits=8,
                   resource_fraction=4, weight_bits=3, virtual_synapses=2),
        Population(name="L_SIZE", size=2),
    ),
    projections=(
        Projection(source="int", target="L_SIZE", weight=0.001, connection="all_to_all"),
        Projection(source="b+b", target="b-b", kind="plastic", connection="all_to_all", initial_resource=2.0),
        Projection(source="b+b", target="b-b", weight=9.0, connection="all_to_all"),
        Projection(source="b+b", target="L_SIZE", weight=3.0, connection="all_to_all", delay=7),
    ),
)  # fmt: skip
"""Names that are none in C, or taken there; numbers of nodes beyond 16 bits; codes of 4 bits in flash."""


@pytest.mark.parametrize("learn", [False, True])
def test_awkward_names_and_wide_inputs(tmp_path, learn, flags):
    compare(tmp_path, WIDE, 3, 30, learn, flags, stop=70)


def test_names_are_names_of_c_and_differ():
    taken = set()
    names = ["L", "L", "int", "1st", "a b", "a-b", "ä", "L_SIZE", "ONE"]
    made = [identifier(name, taken) for name in names]
    assert made == ["L", "L_2", "int_2", "x1st", "a_b", "a_b_2", "x", "L_SIZE_2", "ONE_2"]


# ------------------------------------------------------------------ weights as codes


@pytest.mark.parametrize(
    ("bits", "fraction", "weight_bits"), [(32, 20, 16), (12, 9, 8), (8, 4, 4), (3, 0, 1), (16, 12, 2)]
)
@pytest.mark.parametrize(("low", "high"), [(-0.24, 0.1552), (0.0, 0.09), (-1.6, 1.7)])
def test_levels_are_where_codes_change(bits, fraction, weight_bits, low, high):
    population = {"resource_bits": bits, "resource_fraction": fraction, "weight_bits": weight_bits}
    population = WIDE.populations[0].model_copy(update=population | {"w_min": low, "w_max": high})
    network = WIDE.model_copy(update={"populations": (population, WIDE.populations[1])})
    rule = replace(build(network).populations[0].rule)
    found = levels(rule)
    assert (np.diff(found) >= 0).all()
    assert len(found) <= rule.largest_code
    for shift in (-1, 0):
        resource = (found + shift) * rule.resource_grain
        expected = np.searchsorted(found, found + shift, side="right")
        np.testing.assert_array_equal(rule.codes(resource), expected)
    assert rule.codes(np.array([rule.resource_limit]))[0] == len(found)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_packed_rows(bits):
    codes = np.random.default_rng(0).integers(0, 1 << bits, (3, 11))
    rows, lanes = packed(codes, bits), 8 // bits
    found = [[row[k // lanes] >> bits * (k % lanes) & (1 << bits) - 1 for k in range(11)] for row in rows]
    assert found == codes.tolist()


# ------------------------------------------------------------------------- MNIST


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Saved states of the networks of two configurations, one copy each, that have learnt some images."""
    folder = tmp_path_factory.mktemp("trained")
    for name in ("mnist", "mnist_chip"):
        path = CONFIGS / f"{name}.yaml"
        session = Session(config.load(path), engine="numba", copies=1, train=2000, test=3)
        session.run(2003 * 20 - 7)  # so that the example has to rest first
        session.save(folder / f"{name}.h5")
    return folder


def example(call, state, folder, images, *more):
    option = ("--option", f"images={images}")
    status, out, err = call("export", state, "--format", "c", "--out", folder, *option, *more)
    assert (status, err) == (0, "")
    assert (folder / "boards" / "host.c").exists()
    assert out.startswith(str(folder / "network.h"))
    return folder


def run_of(words, folder):
    done = subprocess.run([str(word) for word in words], cwd=folder, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


HOST = ("example.c", "network.c", "boards/host.c", "-o", "example")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mnist", "mnist_chip"])
@pytest.mark.parametrize("learn", [True, False])
def test_a_thousand_images_give_the_same_integers(call, trained, tmp_path, name, learn):
    """Spikes, potentials, resources and weights, by the digest."""
    example(call, trained / f"{name}.h5", tmp_path, 1000, *(["--learn"] if learn else []))
    compile_c([tool("gcc"), *STRICT, "-O2", *HOST], tmp_path)
    status, out = run_of(["./example"], tmp_path)
    assert (status, out.splitlines()[-1][-7:]) == (0, ", equal"), out
    right = int(re.search(r"right +(\d+) of 1000", out)[1])
    assert right > 500


@pytest.mark.slow
@pytest.mark.parametrize(("name", "learn"), [("mnist", True), ("mnist_chip", False)])
def test_a_change_of_one_constant_is_noticed(call, trained, tmp_path, name, learn):
    example(call, trained / f"{name}.h5", tmp_path, 100, *(["--learn"] if learn else []))
    source = tmp_path / "network.c"
    text = source.read_text()
    constant = "#define L_HEBBIAN (-" if learn else "#define L_LEAK "
    assert constant in text
    source.write_text(re.sub(re.escape(constant) + r"(\d+)", lambda m: f"{constant}{int(m[1]) - 1}", text))
    compile_c([tool("gcc"), *STRICT, "-Os", *HOST], tmp_path)
    status, out = run_of(["./example"], tmp_path)
    assert status == 1
    assert ", differs" in out


BOARDS = {
    "cortex_m4": (
        ("arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb"),
        ("qemu-system-arm", "-M", "mps2-an386"),
    ),
    "riscv32": (
        ("riscv64-unknown-elf-gcc", "-march=rv32imac", "-mabi=ilp32", "--specs=picolibc.specs"),
        ("qemu-system-riscv32", "-M", "virt", "-bios", "none"),
    ),
}  # fmt: skip
QEMU = ("-nographic", "-icount", "shift=0", "-semihosting-config", "enable=on,target=native", "-kernel")


@pytest.mark.slow
@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize(("name", "learn"), [("mnist", True), ("mnist_chip", True), ("mnist_chip", False)])
def test_microcontrollers_give_the_same_integers(call, trained, tmp_path, board, name, learn):
    """Twenty objects on an emulated processor; instructions are counted."""
    (compiler, *target), (machine, *words) = BOARDS[board]
    compiler, machine = tool(compiler), tool(machine)
    example(call, trained / f"{name}.h5", tmp_path, 20, *(["--learn"] if learn else []))
    files = (f"boards/{board}.ld", "example.c", "network.c", f"boards/{board}.c", "-o", "example.elf")
    compile_c([compiler, *target, *STRICT, "-Os", "-nostartfiles", "-T", *files], tmp_path)
    status, out = run_of([machine, *words, *QEMU, "example.elf"], tmp_path)
    assert status == 0, out
    assert ", equal" in out
    assert 10**5 < int(re.search(r"instructions (\d+) an object", out)[1]) < 10**7


def test_commands_in_the_files_are_those_of_the_tests():
    """The boards' comments say how they are compiled and run."""
    folder = Path(export.__code__.co_filename).parent / "c" / "templates" / "boards"
    for board, parts in BOARDS.items():
        text = (folder / f"{board}.c").read_text(encoding="utf-8").replace(" *     ", "").replace("\\\n", "")
        said = " ".join(text.split())
        for words in (*parts, QEMU):
            assert all(word in said for word in words), (board, words)
    page = (CONFIGS.parent / "docs" / "microcontroller.md").read_text(encoding="utf-8")
    for words in (*BOARDS["cortex_m4"], QEMU, HOST):
        assert all(word in page for word in words), words


@pytest.mark.slow
def test_the_program_of_the_page(call, trained, tmp_path):
    """It compiles and runs; three lit pixels are no digit."""
    page = (CONFIGS.parent / "docs" / "microcontroller.md").read_text(encoding="utf-8")
    (tmp_path / "main.c").write_text(re.search(r"```c\n(.*?)```", page, re.DOTALL)[1])
    assert call("export", trained / "mnist_chip.h5", "--format", "c", "--out", tmp_path / "c")[0] == 0
    words = [tool("gcc"), *STRICT, "-Ic", "main.c", "c/network.c", "-o", "main"]
    compile_c(words, tmp_path)
    assert run_of(["./main"], tmp_path) == (255, "")


# ---------------------------------------------------------------------- refusals

OTHER = "option name: expected another name than those of other files,"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"copy": 1}, "option copy: there is no copy 1, expected 0..0"),
        ({"copy": -1}, "option copy: there is no copy -1, expected 0..0"),
        ({"name": "my net"}, "option name: expected a name of C, not 'my net'"),
        ({"name": "int"}, "option name: expected a name of C, not 'int'"),
        ({"name": "example"}, f"{OTHER} board, example, images, stdint"),
        ({"images": -1}, "option images: expected 0 or more, not -1"),
        ({"images": 1}, "option images: the network has no labels (no input of kind object_target)"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, options, said):
    plan = build(WIDE)
    with pytest.raises(ConfigError, match=f"^{re.escape(said)}$"):
        export("c", plan, initial_state(plan), tmp_path, options=options)
    assert list(tmp_path.iterdir()) == []


def test_more_images_than_there_are(call, trained, tmp_path):
    words = ["export", trained / "mnist.h5", "--format", "c", "--out", tmp_path, "--option", "images=10001"]
    assert call(*words) == (2, "", "mnist: 10001 test objects, expected 0..10000\n")
    assert list(tmp_path.iterdir()) == []


def test_without_floats_calls_and_libraries(tmp_path):
    """The source includes stdint.h only, and calls nothing that it does not define."""
    plan = build(WIDE)
    for path in export("c", plan, initial_state(plan), tmp_path, options={"learn": True}):
        text = path.read_text()
        assert set(re.findall(r"#include (.+)", text)) <= {"<stdint.h>", '"network.h"'}
        code = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        assert not re.search(r"\b(float|double|malloc|free|memcpy|memset|printf)\b", code)
