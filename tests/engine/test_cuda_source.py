"""The CUDA source compiles for every device, without headers, and its tables are what Python takes them for."""

import re
import shutil
import subprocess

import pytest

from colanet import hashing, units
from colanet.engine.cuda.source import FOLDER, MAIN, RUNTIME_OPTIONS, columns, kernel_names, source
from colanet.plan.variables import NEURONS, PLASTIC

from . import nvrtc

WANTED = (70, 75, 80, 86, 87, 89, 90, 100)


@pytest.mark.slow
@pytest.mark.parametrize("pick", [min, max])
def test_nvrtc_compiles_every_kernel(pick):
    """For the oldest and the newest device; the source has no parts for one device only (see below)."""
    if nvrtc.library() is None:
        pytest.skip("no NVRTC here: pip install nvidia-cuda-nvrtc-cu12")
    arch = pick(set(WANTED) & set(nvrtc.architectures()))
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
    (tmp_path / MAIN).write_text(source(), encoding="utf-8")
    done = subprocess.run(
        [*command, "-o", str(tmp_path / "out.cubin"), str(tmp_path / MAIN)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr, done.stderr
    spills = re.findall(r"(\d+) bytes spill", done.stderr)
    assert spills
    assert max(map(int, spills)) <= 128


def test_a_mistake_in_the_source_is_seen():
    if nvrtc.library() is None:
        pytest.skip("no NVRTC here: pip install nvidia-cuda-nvrtc-cu12")
    wrong = source() + "\n__device__ int one() { return nothing; }"
    code, log = nvrtc.compile_for(wrong, nvrtc.architectures()[-1])
    assert not code
    assert "nothing" in log


def test_the_source_is_self_contained():
    text = source()
    assert "#include" not in text
    assert "__CUDA_ARCH__" not in text
    assert not re.search(r"\b(float|double|half)\b", re.sub(r"//.*", "", text))


def test_kernels_are_found():
    assert kernel_names() == (
        "run_shared", "run_global", "derive", "fill_bits", "encode_poisson", "read_rows", "add_integers",
    )  # fmt: skip


def test_columns_are_read_in_order():
    assert columns("Kind").__dict__ == {"FIXED": 0, "PLASTIC": 1, "GATING": 2, "REWARD": 3}
    assert columns("Work").OWES == 64
    rows = columns("Argument", "A_")
    assert (0, 1, len(rows.__dict__) - 1) == (rows.NEURONS, rows.POPULATIONS, rows.FIELDS)
    assert rows.POTENTIAL + len(NEURONS) + len(PLASTIC) - 1 == rows.CONTRIBUTES
    with pytest.raises(KeyError):
        columns("Nothing")


def test_constants_are_those_of_the_model():
    found = {**columns("Integers : int").__dict__, **columns("LongIntegers : i64").__dict__}
    assert found == {name: n for name, n in vars(units).items() if name.isupper() and isinstance(n, int)}
    for name in ("GOLDEN", "MIX1", "MIX2"):
        assert f"const u64 {name} = {getattr(hashing, name):#x}ull;" in source()


def test_the_source_has_no_number_of_the_model_of_its_own():
    """Whoever changes a constant in `colanet.units` changes it here."""
    own = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.cu*"))
    for number in ("1 << 30", "8531", "30000", "1000", "1024", "0x7FFF", "1 << 62"):
        assert number not in own
