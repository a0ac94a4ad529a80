"""Files that cannot be written: one line, nothing half-written, nothing left over, the older file intact."""

import errno
import os
import subprocess
import sys

import numpy as np
import pytest

from colanet import atomic
from colanet.atomic import SUFFIX, atomic_path, final_place, write_bytes, write_text
from colanet.config import save
from colanet.config.model import Network, Population
from colanet.errors import ConfigError, OutputError
from colanet.locks import FOLDER_LOCK, hold_folder
from colanet.storage import write_h5

posix = pytest.mark.skipif(os.name != "posix", reason="links, devices and locks are POSIX")
NETWORK = Network(populations=(Population(name="L", size=2),))


def draw(path):
    pytest.importorskip("matplotlib")
    from colanet import viz

    viz.save(viz.degradation_matrix(np.ones((2, 2))), path)


def convert(path):
    sys.path.insert(0, os.fspath(__file__).rpartition("/tests/")[0])
    from data_tools import formats

    formats.write(path, np.arange(200, dtype=np.uint8))


WRITERS = {
    "a.h5": lambda path: write_h5(path, {"a": np.arange(9000)}, {"kind": "state"}),
    "a.json": lambda path: write_text(path, "{}" * 3000),
    "a.yaml": lambda path: save(NETWORK, path),
    "a.nnc": lambda path: save(NETWORK, path),
    "a.png": draw,
    "a.pdf": draw,
    "labels.txt": convert,
    "labels.gz": convert,
}


@pytest.fixture(autouse=True)
def forget_folders(monkeypatch):
    monkeypatch.setattr(atomic, "_swept", set())


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("call", ["fsync", "replace", "open"])
@pytest.mark.parametrize("name", WRITERS)
def test_a_writer_that_fails_keeps_the_old_file(name, call, number, tmp_path, monkeypatch):
    path = tmp_path / name
    path.write_text("old")
    real = getattr(os, call)

    def fail(first, *rest, **options):
        if call == "open" and not str(first).endswith(SUFFIX):
            return real(first, *rest, **options)
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        with pytest.raises(OutputError) as caught:
            WRITERS[name](path)
    assert str(caught.value) == f"{path}: cannot be written: {os.strerror(number)}"
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == [name]
    WRITERS[name](path)
    assert path.read_bytes() != b"old"
    assert os.listdir(tmp_path) == [name]


@posix
@pytest.mark.parametrize("name", ["a.h5", "a.json", "a.png", "a.pdf"])
def test_a_file_that_may_not_grow_ends_in_one_line(name, tmp_path):
    """The system itself refuses, in the middle of the file; h5py's own writing would crash here."""
    if name.endswith(("png", "pdf")):
        pytest.importorskip("matplotlib")
    code = f"""
import resource, runpy, sys
from pathlib import Path
from colanet.errors import OutputError
writers = runpy.run_path({__file__!r})["WRITERS"]
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    writers[{name!r}](Path(sys.argv[1]))
except OutputError as error:
    print(error)
"""
    path = tmp_path / name
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{path}: cannot be written: {os.strerror(errno.EFBIG)}\n"
    assert os.listdir(tmp_path) == []


# ---------------------------------------------------------------------- other places


@posix
def test_devices_pipes_and_folders_are_no_places_to_write(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/null")
    (tmp_path / "folder").mkdir()
    for path in ("/dev/null", "/dev/stdout", tmp_path / "pipe", tmp_path / "link", tmp_path / "folder"):
        with pytest.raises(OutputError, match=r"not a regular file|is a folder") as caught:
            write_bytes(path, b"x")
        assert str(caught.value).startswith(f"{path}: cannot be written: ")
    assert os.path.exists("/dev/null")
    assert not os.path.isfile("/dev/null")
    for path in ("/dev/null/x", tmp_path / "pipe" / "x"):
        with pytest.raises(OutputError, match="cannot be written"):
            write_bytes(path, b"x")


@posix
def test_a_link_is_followed_and_stays(tmp_path):
    (tmp_path / "there").mkdir()
    target, link, loose = tmp_path / "there" / "a.txt", tmp_path / "link", tmp_path / "loose"
    target.write_text("old")
    link.symlink_to(target)
    loose.symlink_to(tmp_path / "there" / "b.txt")
    for path in (link, loose):
        write_text(path, "new")
        assert path.is_symlink()
        assert path.read_text() == "new"
    assert target.read_text() == "new"
    assert sorted(os.listdir(tmp_path / "there")) == ["a.txt", "b.txt"]
    (tmp_path / "ring").symlink_to(tmp_path / "ring")
    with pytest.raises(OutputError, match="ring: cannot be written"):
        final_place(tmp_path / "ring")


def test_names_as_long_as_the_system_takes(tmp_path):
    name = "ü" * 127
    write_bytes(tmp_path / name, b"x")
    assert os.listdir(tmp_path) == [name]
    with pytest.raises(OutputError, match="cannot be written: "):
        write_bytes(tmp_path / ("x" * 256), b"x")
    assert os.listdir(tmp_path) == [name]


def test_a_folder_that_was_removed_meanwhile(tmp_path):
    wanted = tmp_path / "a" / "x.txt"
    with pytest.raises(OutputError, match=r"x\.txt: cannot be written"), atomic_path(wanted) as path:
        path.unlink()
        path.parent.rmdir()
        path.write_text("x")
    assert os.listdir(tmp_path) == []


# --------------------------------------------------------------- leftovers and locks


HOLD = """
import sys, time
from colanet.atomic import atomic_path
from colanet.locks import hold_folder
from pathlib import Path
path = Path(sys.argv[1])
with hold_folder(path.parent, "run"), atomic_path(path) as temporary:
    temporary.write_text("half")
    print("ready", flush=True)
    time.sleep(100)
"""


@pytest.fixture
def writer(tmp_path):
    """A process in the middle of writing a file."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path / "x.txt"], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


@posix
def test_leftovers_of_the_dead_are_removed_and_those_of_the_living_stay(writer, tmp_path):
    def leftovers():
        return [name for name in os.listdir(tmp_path) if name.endswith(SUFFIX)]

    (tmp_path / ".mine.txt").write_text("no temporary file")
    (tmp_path / f".of another machine.7-00000000{SUFFIX}").write_text("half")
    [temporary] = [name for name in leftovers() if name.startswith(f".x.txt.{writer.pid}-")]
    write_text(tmp_path / "a.txt", "")
    assert leftovers() == [temporary]
    writer.kill()
    writer.wait()
    # The same process looks once only; the next one finds it.
    write_text(tmp_path / "b.txt", "")
    assert leftovers() == [temporary]
    atomic._swept.clear()
    write_text(tmp_path / "b.txt", "")
    assert leftovers() == []
    assert (tmp_path / ".mine.txt").exists()


@posix
def test_a_folder_is_held_by_one_process_and_freed_by_its_death(writer, tmp_path):
    with pytest.raises(ConfigError, match="another run is writing here"), hold_folder(tmp_path, "run"):
        pass
    writer.kill()
    writer.wait()
    with hold_folder(tmp_path, "run"):
        assert FOLDER_LOCK in os.listdir(tmp_path)
        with pytest.raises(ConfigError, match="another search"), hold_folder(tmp_path, "search"):
            pass
    assert FOLDER_LOCK not in os.listdir(tmp_path)
    with hold_folder(tmp_path, "run"):
        pass


def test_without_locks_a_run_goes_on_and_nothing_is_removed(tmp_path, monkeypatch):
    """Some network file systems have none, and Windows."""
    (tmp_path / f".x.1-00000000{SUFFIX}").write_text("half")
    monkeypatch.setattr("colanet.locks.fcntl", None)
    with hold_folder(tmp_path, "run"):
        write_text(tmp_path / "a.txt", "all")
    assert sorted(os.listdir(tmp_path)) == [f".x.1-00000000{SUFFIX}", "a.txt"]


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OutputError, match="cannot be made a folder"), hold_folder(path, "run"):
            pass


INTERRUPTED = """
import sys
from colanet import atomic, locks

calls = []

def cut(descriptor):
    calls.append(descriptor)
    if len(calls) == 1:
        raise KeyboardInterrupt
    return True

atomic.lock = locks.lock = cut
try:
    if sys.argv[1] == "file":
        atomic.write_text("a.txt", "new")
    else:
        with locks.hold_folder("."):
            pass
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_signal_right_after_a_file_was_made_leaves_nothing(what, tmp_path):
    """Between the making of a temporary file, or of a lock, and the block that removes it."""
    environment = os.environ | {"PYTHONPATH": os.fspath(__file__).rpartition("/tests/")[0]}
    ended = subprocess.run([sys.executable, "-c", INTERRUPTED, what], cwd=tmp_path, env=environment)
    assert ended.returncode == 130
    assert os.listdir(tmp_path) == []
