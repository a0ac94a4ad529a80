"""What talks to cupy and picks engines, without a GPU: a stand-in for cupy that runs the kernels on the CPU."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import colanet
from colanet.commands.run import run
from colanet.engine import choice, engine_names, make_engine
from colanet.engine.cuda import shim
from colanet.engine.cuda.backend import CupyBackend
from colanet.engine.numba_engine import NumbaEngine
from colanet.errors import BackendUnavailable
from colanet.session import Session

from .fake_cupy import make
from .networks import random_input
from .test_cupy import variants
from .test_equality import assert_same_state

ROOT = Path(__file__).parents[2]
MNIST = str(ROOT / "configs" / "mnist.yaml")


@pytest.fixture
def cupy(monkeypatch):
    """A machine with one GPU, so it seems."""
    try:
        shim.compiler()
    except BackendUnavailable as error:
        pytest.skip(str(error))
    module = make()
    monkeypatch.setitem(sys.modules, "cupy", module)
    return module


@pytest.fixture
def no_cupy(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)


def test_the_engine_through_cupy(cupy):
    plan = variants()[0]
    inputs = random_input(plan, 150, 2)
    numba, gpu = NumbaEngine(plan), make_engine("cupy", plan)
    assert gpu.name == "cupy"
    assert "cupy" in engine_names()
    numba.run(inputs, 0, 150, freeze=100)
    gpu.run(inputs, 0, 150, freeze=100)
    assert_same_state(numba.state(), gpu.state())
    assert all(type(value) is np.ndarray for value in gpu.state().values())


def test_a_session_on_the_gpu(cupy):
    few = {"train": 4, "test": 2, "copies": 2, "threads": 1}
    network = colanet.load(MNIST)
    numba, gpu = (Session(network, base_dir=ROOT / "configs", engine=e, **few).run() for e in ("numba", "cupy"))
    assert gpu.engine == "cupy"
    assert gpu.digest == numba.digest


def test_too_little_memory_is_one_line(cupy, monkeypatch):
    def full(shape, dtype):
        raise MemoryError("Out of memory allocating 9 bytes\nmore")

    monkeypatch.setattr(cupy, "zeros", full)
    with pytest.raises(BackendUnavailable, match=r"memory is too small: Out of memory allocating 9 bytes$"):
        make_engine("cupy", variants()[0])


def test_a_source_that_does_not_compile_is_one_line(cupy):
    backend = CupyBackend()
    backend.module.get_function = lambda name: (_ for _ in ()).throw(ValueError("line 1: error\nline 2"))
    with pytest.raises(BackendUnavailable, match=r"cannot be compiled for no GPU: line 1: error$"):
        backend.launch("derive", 1, 32, 0, 1)


# -------------------------------------------------- machines without a GPU


def test_a_missing_cupy_names_the_command(no_cupy):
    with pytest.raises(BackendUnavailable, match=r'pip install "colanet\[cuda13\]"') as caught:
        make_engine("cupy", variants()[0])
    assert isinstance(caught.value.__cause__, ImportError)


@pytest.mark.parametrize(
    ("devices", "error", "says"),
    [(0, None, "no GPU on this machine"), (1, RuntimeError("cudaErrorNoDevice: x\ny"), "cudaErrorNoDevice: x$")],
)
def test_a_missing_gpu_is_one_line(monkeypatch, cupy, devices, error, says):
    monkeypatch.setitem(sys.modules, "cupy", make(devices, error))
    with pytest.raises(BackendUnavailable, match=says) as caught:
        make_engine("cupy", variants()[0])
    assert caught.value.__cause__ is error
    assert choice.choose(1000, 1).engine == "numba"


def test_the_command_line_says_so_in_one_line():
    arguments = ["run", MNIST, "--engine", "cupy"]
    code = f"import sys; sys.modules['cupy'] = None; from colanet.cli import main; main({arguments!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "colanet[cuda13]" in done.stderr


# ------------------------------------------------------------------- auto


def test_auto_takes_the_gpu_for_many_networks(cupy):
    few, many = choice.choose(choice.NETWORKS_PER_CORE * 2 - 1, 2), choice.choose(choice.NETWORKS_PER_CORE * 2, 2)
    assert few.engine == "numba"
    assert "7 networks on 2 cores" in few.reason
    assert many.engine == "cupy"
    assert "8 networks side by side" in many.reason
    assert choice.choose(1, 1).reason.startswith("1 network on 1 core;")


def test_auto_without_a_gpu(no_cupy):
    picked = choice.choose(1000, 1)
    assert picked.engine == "numba"
    assert "cuda13" in picked.reason


@pytest.mark.parametrize(("copies", "says"), [(2, "numba engine (auto: 2 net"), (8, "cupy engine (auto: 8 net")])
def test_auto_says_what_it_picked_and_why(cupy, copies, says):
    arguments = [MNIST, "--train", "2", "--test", "1", "--threads", "2", "--copies", str(copies)]
    outcome = CliRunner().invoke(run, arguments, catch_exceptions=False)
    assert outcome.exit_code == 0
    assert says in outcome.output


# --------------------------------------------------- experiments/gpu_check.py


def check_results(folder: Path) -> None:
    results = json.loads((folder / "gpu.json").read_text())
    assert results["complete"]
    assert all("error" not in part for part in results.values() if isinstance(part, dict))
    assert len(results["equality"]) == len(list((ROOT / "configs").glob("*.yaml")))
    assert all(row["equal"] for row in results["equality"])
    assert results["throughput 15 x 2"]["network_images_per_second"] > 0
    assert results["throughput 15 x 2"]["weight_row_bytes_per_image_and_network"] > 10_000
    assert "| 15 | 2 |" in (folder / "gpu.md").read_text()


@pytest.mark.slow
def test_the_check_on_the_shim(tmp_path, cupy, capsys):
    from experiments import gpu_check

    assert gpu_check.main(["--shim", "--quick", "--out", str(tmp_path)]) == 0
    check_results(tmp_path)
    assert "throughput" in capsys.readouterr().out


@pytest.mark.slow
def test_the_check_through_cupy(tmp_path, cupy, monkeypatch, capsys):
    from experiments import gpu_check

    monkeypatch.setattr(gpu_check, "CONFIGS", ROOT / "configs")
    monkeypatch.setattr(gpu_check.shutil, "which", lambda name: sys.executable)
    ran = []

    def fake_run(command, **options):
        ran.append(command)
        return subprocess.CompletedProcess(command, gpu_check.FOUND if "racecheck" in command else 0, "fine\n", "")

    monkeypatch.setattr(gpu_check.subprocess, "run", fake_run)
    monkeypatch.setattr(shim.subprocess, "run", fake_run)
    assert gpu_check.main(["--quick", "--out", str(tmp_path)]) == 1  # racecheck found something
    check_results(tmp_path)
    results = json.loads((tmp_path / "gpu.json").read_text())
    assert results["throughput 15 x 1"]["occupancy"]["blocks_per_multiprocessor"] == 4
    assert [command[2] for command in ran] == ["memcheck", "racecheck"]
    assert results["sanitizer memcheck"]["clean"]
    assert not results["sanitizer racecheck"]["clean"]
    assert gpu_check.main(["--small-run"]) == 0


def test_the_check_fails_when_a_digest_differs(tmp_path, cupy, monkeypatch):
    from experiments import gpu_check

    monkeypatch.setattr(gpu_check, "CONFIGS", tmp_path)
    shutil.copy(MNIST, tmp_path)
    monkeypatch.setattr(gpu_check.Session, "result", lambda self: type("R", (), {"digest": self.engine.name}))
    assert gpu_check.main(["--shim", "--quick", "--minutes", "0", "--out", str(tmp_path)]) == 1
    assert "**NO**" in (tmp_path / "gpu.md").read_text()


def test_the_check_keeps_what_it_has_when_time_is_over(tmp_path, cupy, monkeypatch):
    from experiments import gpu_check

    row = {"equal": True, "configuration": "x", "steps": 1, "numba_seconds": 1.0, "gpu_seconds": 1.0}
    monkeypatch.setattr(gpu_check, "equality", lambda check: [row])
    assert gpu_check.main(["--shim", "--quick", "--minutes", "0", "--out", str(tmp_path)]) == 0
    results = json.loads((tmp_path / "gpu.json").read_text())
    assert results["numba_throughput"] == {"left_out": "no time left"}


def test_the_check_without_a_gpu_is_one_line(no_cupy, capsys):
    from experiments import gpu_check

    assert gpu_check.main([]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
