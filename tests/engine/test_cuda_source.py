"""The CUDA source compiles for every device, without headers, and its tables are what Python takes them for."""

import re
import shutil
import subprocess

import pytest

from colanet import hashing
from colanet.engine.cuda.source import FOLDER, MAIN, RUNTIME_OPTIONS, columns, kernel_names, source
from colanet import units as fixed

from . import nvrtc

WANTED = (70, 75, 80, 86, 87, 89, 90, 100)


@pytest.mark.slow
@pytest.mark.parametrize("arch", WANTED)
def test_nvrtc_compiles_every_kernel(arch):
    if nvrtc.library() is None:
        pytest.skip("no NVRTC here: pip install nvidia-cuda-nvrtc-cu12")
    if arch not in nvrtc.architectures():
        pytest.skip(f"this NVRTC does not know sm_{arch}")
    code, log = nvrtc.compile_for(source(), arch, *RUNTIME_OPTIONS)
    assert code, log
    # That a device will be dropped some day is no fault of the source.
    assert not [line for line in log.splitlines() if line.strip("\0 ") and "deprecated" not in line]
    for name in kernel_names():
        assert name.encode() in code


@pytest.mark.slow
def test_nvcc_compiles_the_file(tmp_path):
    if shutil.which("nvcc") is None:
        pytest.skip("no nvcc here")
    listed = subprocess.run(["nvcc", "--list-gpu-code"], capture_output=True, text=True).stdout
    arch = max(a for a in WANTED if f"sm_{a}" in listed.split())
    command = ["nvcc", *RUNTIME_OPTIONS, f"-arch=sm_{arch}", "-Xptxas", "-v", "-cubin"]
    done = subprocess.run(
        [*command, "-o", str(tmp_path / "out.cubin"), str(FOLDER / MAIN)], capture_output=True, text=True
    )
    assert done.returncode == 0 and "warning" not in done.stderr, done.stderr
    spills = re.findall(r"(\d+) bytes spill", done.stderr)
    assert spills
    assert max(map(int, spills)) <= 128


def test_a_mistake_in_the_source_is_seen():
    if nvrtc.library() is None:
        pytest.skip("no NVRTC here: pip install nvidia-cuda-nvrtc-cu12")
    code, log = nvrtc.compile_for(source().replace("A_FIELDS", "A_FIELDS_ONE"), nvrtc.architectures()[-1])
    assert not code or not log


def test_the_source_is_self_contained():
    text = source()
    assert "#include" not in text
    assert not re.search(r"\b(float|double|half)\b", re.sub(r"//.*", "", text))


def test_kernels_are_found():
    assert kernel_names() == (
        "run_shared", "run_global", "derive", "fill_bits", "encode_poisson", "read_rows", "add_integers",
    )  # fmt: skip


def test_columns_are_read_in_order():
    assert columns("Kind").__dict__ == {"FIXED": 0, "PLASTIC": 1, "GATING": 2, "REWARD": 3}
    assert columns("Work").OWES == 64
    rows = columns("Population", "P_")
    assert (0, 1, len(rows.__dict__) - 1) == (rows.START, rows.SIZE, rows.FIELDS)
    with pytest.raises(KeyError):
        columns("Nothing")


def test_constants_are_those_of_the_model():
    text = source()

    def constant(name: str) -> str:
        match = re.search(rf"\b{name} = ([^,;]+)[,;]", text)
        assert match, name
        return match.group(1)

    assert int(constant("Q")) == fixed.Q
    assert int(constant("SCALE_Q")) == fixed.SCALE_Q
    assert int(constant("MEMORY_KICK")) == fixed.MEMORY_KICK
    assert int(constant("BASE_THRESHOLD")) == fixed.BASE_THRESHOLD
    assert constant("AWAKE") == "1 << 30"
    assert fixed.AWAKE == 1 << 30
    assert constant("LIMIT") == "1 << 30"
    assert fixed.POTENTIAL_LIMIT == 1 << 30
    assert constant("RESOURCE_LIMIT") == "0x7FFFFFFFll - ONE"
    assert fixed.RESOURCE_LIMIT == 0x7FFFFFFF - fixed.ONE
    for name in ("GOLDEN", "MIX1", "MIX2"):
        assert int(constant(name).removesuffix("ull"), 16) == getattr(hashing, name)
