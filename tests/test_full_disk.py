"""Results on a disk that is really full: a small tmpfs, which only root can mount."""

import os
import subprocess
import sys

import pytest

from colanet.storage import read_h5

CONFIG = """
inputs: [{name: R, kind: noise, size: 50, noise: 0.5, steps: 2000}]
populations: [{name: N, size: 50}]
projections: [{source: R, target: N, connection: one_to_one, weight: 9}]
"""


@pytest.fixture
def disk(tmp_path):
    """A disk of a size in bytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = []

    def mount(size):
        try:
            subprocess.run(
                ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], check=True, capture_output=True
            )
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("a small tmpfs cannot be mounted here")
        mounted.append(place)
        return place

    yield mount
    for one in mounted:
        subprocess.run(["umount", one], check=True)


@pytest.fixture
def configuration(tmp_path):
    (tmp_path / "n.yaml").write_text(CONFIG)
    return tmp_path / "n.yaml"


def files(place):
    return sorted(str(path.relative_to(place)) for path in place.rglob("*") if not path.is_dir())


FULL = ": cannot be written: No space left on device\n"
OPTIONS = {
    "results": (["--out", "DISK/a"], "DISK/a/results.h5"),
    "hdf5 recording": (["--out", "DISK/a", "--record", "hdf5"], None),
    "text recording": (["--out", "DISK/a", "--record", "text"], None),
    "binary recording": (["--out", "DISK/a", "--record", "binary"], None),
    "list recording": (["--out", "DISK/a", "--record", "list"], None),
    "state": (["--save", "DISK/s.h5"], "DISK/s.h5"),
    "checkpoint": (["--out", "DISK/b", "--checkpoint", "500"], "DISK/b/checkpoint.h5"),
}


@pytest.mark.parametrize("size", [8192, 12288])
@pytest.mark.parametrize("what", OPTIONS)
def test_a_full_disk_is_one_line_and_leaves_nothing_half_written(what, size, disk, configuration, call):
    place = disk(size)
    options, named = OPTIONS[what]
    status, out, err = call(
        "run", configuration, "--threads", 1, "--quiet", *(o.replace("DISK", str(place)) for o in options)
    )
    if size > 8192 and status == 0:
        pytest.skip("fits")
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert err.endswith(FULL)
    assert named is None or err == named.replace("DISK", str(place)) + FULL
    for name in files(place):
        assert not name.endswith(".colanet-tmp")
        if name.endswith(".h5"):
            read_h5(place / name)


def test_an_older_state_survives_a_full_disk(disk, configuration, call):
    place = disk(20480)
    state = place / "s.h5"
    assert call("run", configuration, "--threads", 1, "--quiet", "--save", state)[0] == 0
    before = state.read_bytes()
    (place / "filler").write_bytes(bytes(os.statvfs(place).f_bavail * os.statvfs(place).f_frsize))
    status, _, err = call("run", configuration, "--threads", 1, "--quiet", "--seed", 5, "--save", state)
    assert (status, err) == (2, f"{state}{FULL}")
    assert state.read_bytes() == before
    assert files(place) == ["filler", "s.h5"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("options", [["--help"], ["validate", "CONFIG"], ["run", "CONFIG", "--quiet"]])
def test_a_full_standard_output_is_one_line(options, configuration):
    words = [sys.executable, "-m", "colanet", *(o.replace("CONFIG", str(configuration)) for o in options)]
    with open("/dev/full", "w") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, timeout=600)
    assert (done.returncode, done.stderr) == (
        2, "standard output: cannot be written: No space left on device\n",
    )  # fmt: skip


@pytest.mark.parametrize("options", [["--help"], ["validate", "CONFIG"], ["run", "CONFIG", "--quiet"]])
def test_a_pipe_without_a_reader_ends_quietly(options, configuration, tmp_path):
    words = [sys.executable, "-m", "colanet", *(o.replace("CONFIG", str(configuration)) for o in options)]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(words, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=600)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")
