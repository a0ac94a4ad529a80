"""Compiled kernels follow their sources, and need no writable place."""

import ast
import gc
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numba
import pytest

import colanet
from colanet import compiled, compiling

PACKAGE = Path(colanet.__file__).parent
NOISE = """
inputs:
  - {name: R, kind: noise, size: 3, noise: 0.5, steps: 20}
populations:
  - {name: L, size: 3}
projections:
  - {source: R, target: L, connection: one_to_one, weight: 9}
"""


@pytest.fixture
def copied(tmp_path):
    """A copy of the package that a test may change."""
    shutil.copytree(PACKAGE, tmp_path / "colanet", ignore=shutil.ignore_patterns("__pycache__", "files"))
    return tmp_path / "colanet"


@pytest.fixture
def fresh(monkeypatch):
    """The choice of a place is made anew, and forgotten afterwards."""
    compiled.folder.cache_clear()
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    yield monkeypatch
    compiled.folder.cache_clear()


def run(code: str, *, path: Path = PACKAGE.parent, **environment: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": str(path), **environment}
    command = [sys.executable, "-c", code]  # which puts its own folder first
    return subprocess.run(command, cwd=path, env=environment, capture_output=True, text=True)


# ------------------------------------------------------------------- never stale


SOURCES = [path.relative_to(PACKAGE).as_posix() for path in compiled.sources()]
KERNELS = [name for name in SOURCES if name.startswith(("hash_kernels", "encoding/", "engine/cpu/"))]


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_is_part_of_the_key(copied, name):
    before = compiled.key(copied)
    assert compiled.key(copied) == before
    with open(copied / name, "a") as file:
        file.write("\n")
    assert compiled.key(copied) != before


@pytest.mark.parametrize("name", [name for name in KERNELS if not name.endswith("__init__.py")])
def test_everything_that_kernels_import_is_a_source(name):
    found = set()
    for node in ast.walk(ast.parse((PACKAGE / name).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("colanet"):
            for alias in node.names:
                module = f"{node.module}.{alias.name}".replace(".", "/").removeprefix("colanet/") + ".py"
                package = node.module.replace(".", "/").removeprefix("colanet/") + ".py"
                found.add(module if (PACKAGE / module).exists() else package)
    assert found or name.endswith("bundles.py")
    assert found <= set(SOURCES)


def test_nothing_else_is_compiled():
    words = ("njit", "kernel", "inlined", "entry", "compiled", "intrinsic")
    users = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith(("from colanet.compiled import", "from numba"))
        and set(words) & set(re.findall(r"\w+", line.partition(" import ")[2]))
    }
    assert users <= {*KERNELS}
    assert len(users) > 4


def test_only_entry_points_are_kept():
    """Their functions become part of them; kept alone they would be loaded and written for nothing."""
    kept = {name for name in KERNELS if "@entry" in (PACKAGE / name).read_text(encoding="utf-8")}
    assert kept == {"encoding/kernels.py", "encoding/feature_kernels.py", "engine/cpu/feed.py", "engine/cpu/run.py"}


CHANGED = """
import numpy as np
from colanet import units
from colanet.config.model import Network
from colanet.engine.base import InputSpikes
from colanet.engine.numba_engine import NumbaEngine
from colanet.plan import build

plan = build(Network.model_validate({
    "inputs": [{"name": "R", "kind": "noise", "size": 1}],
    "populations": [{"name": "N", "size": 1}],
    "projections": [{"source": "R", "target": "N", "kind": "gating", "connection": "one_to_one", "weight": -1}],
}))
ptr = np.zeros(plan.history + 6, dtype=np.int64)
ptr[plan.history + 1 :] = 1
engine = NumbaEngine(plan)
engine.run(InputSpikes(-plan.history, 5, (ptr,), (np.zeros(1, dtype=np.int32),)), 0, 5, freeze=0)
gate = engine.state()["0/N/gate"][0]
print(gate == units.AWAKE, gate, sum(engine.runners[0].kernel.stats.cache_hits.values()))
"""


@pytest.mark.slow
def test_a_changed_constant_changes_kernels_that_were_compiled_before(copied, tmp_path):
    cache = str(tmp_path / "cache")
    assert run(CHANGED, path=tmp_path, NUMBA_CACHE_DIR=cache).stdout.split() == ["True", str(1 << 30), "0"]
    assert run(CHANGED, path=tmp_path, NUMBA_CACHE_DIR=cache).stdout.split() == ["True", str(1 << 30), "1"]
    units = copied / "units.py"
    units.write_text(units.read_text().replace("AWAKE = 1 << 30", "AWAKE = 1 << 29"))
    found = run(CHANGED, path=tmp_path, NUMBA_CACHE_DIR=cache).stdout.split()
    assert found == ["True", str(1 << 29), "0"]


# ------------------------------------------------------------------ where it lies


def test_the_place_that_the_user_names_comes_first(fresh, tmp_path):
    fresh.setattr(numba.config, "CACHE_DIR", str(tmp_path / "mine"))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert compiled.folder() == tmp_path / "mine" / "colanet-kernels" / compiled.key()


def test_the_users_cache_comes_next(fresh, tmp_path):
    fresh.setenv("XDG_CACHE_HOME", str(tmp_path))
    fresh.setattr("platformdirs.user_cache_dir", lambda name: str(tmp_path / name))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert compiled.folder() == tmp_path / "colanet" / "kernels" / compiled.key()


def nowhere(fresh, tmp_path) -> None:
    """Neither of the user's places can be written to: a file is in the way."""
    (tmp_path / "file").write_text("")
    fresh.setattr(numba.config, "CACHE_DIR", str(tmp_path / "file"))
    fresh.setattr("platformdirs.user_cache_dir", lambda name: str(tmp_path / "file" / name))
    (tmp_path / "temporary").mkdir()
    fresh.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))


def test_a_private_temporary_folder_is_said_in_one_line(fresh, tmp_path):
    nowhere(fresh, tmp_path)
    with pytest.warns(compiled.CacheWarning, match="kept in .*colanet-kernels-") as caught:
        place = compiled.folder()
    assert len(caught) == 1
    assert "\n" not in str(caught[0].message)
    assert place is not None
    assert place.parent.parent == tmp_path / "temporary"
    assert place.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("trap", ["open to others", "link", "file"])
def test_a_temporary_folder_that_others_could_fill_is_not_used(fresh, tmp_path, trap):
    nowhere(fresh, tmp_path)
    folder = tmp_path / "temporary" / f"colanet-kernels-{os.getuid()}"
    if trap == "open to others":
        folder.mkdir()
        folder.chmod(0o777)
    elif trap == "link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        folder.symlink_to(tmp_path / "elsewhere")
    else:
        folder.write_text("")
    with pytest.warns(compiled.CacheWarning, match="cannot be kept"):
        assert compiled.folder() is None


def test_without_any_place_kernels_are_compiled_all_the_same(fresh, tmp_path):
    nowhere(fresh, tmp_path)
    fresh.setattr(tempfile, "gettempdir", lambda: str(tmp_path / "file"))
    with pytest.warns(compiled.CacheWarning, match="compiles them anew"):
        double = compiled.compiled(nogil=True)(lambda x: 2 * x)
    assert double(21) == 42
    assert not compiled.is_compiled()
    assert str(tmp_path / "file") == numba.config.CACHE_DIR


def test_a_full_disk_is_not_a_place(fresh, tmp_path):
    fresh.setattr(numba.config, "CACHE_DIR", str(tmp_path / "full"))
    fresh.setattr("platformdirs.user_cache_dir", lambda name: str(tmp_path / "file"))
    full = tmp_path / "full" / "colanet-kernels"

    def usage(path):
        return shutil._ntuple_diskusage(9, 9, 0 if full in Path(path).parents else 1 << 40)

    fresh.setattr(shutil, "disk_usage", usage)
    assert compiled.folder() == tmp_path / "file" / "kernels" / compiled.key()


def test_a_command_without_a_cache_says_one_line(tmp_path):
    """An installation and a HOME that cannot be written to."""
    (tmp_path / "n.yaml").write_text(NOISE)
    nothing = str(tmp_path / "n.yaml")  # a file: no folder can be made in it
    code = f"from colanet.cli import main; main(['run', {nothing!r}, '--engine', 'reference', '--quiet'])"
    done = run(code, NUMBA_CACHE_DIR="", HOME=nothing, XDG_CACHE_HOME=nothing, TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if "kernels" in line] == done.stderr.splitlines()
    assert len(done.stderr.splitlines()) == 1


# ----------------------------------------------------------------------- old ones


def test_what_nobody_uses_is_removed(fresh, tmp_path):
    names = [f"{i:016x}" for i in range(6)]
    for age, name in enumerate(names):
        (tmp_path / "colanet-kernels" / name).mkdir(parents=True)
        then = time.time() - age * 12 * 86400
        os.utime(tmp_path / "colanet-kernels" / name, (then, then))
    stranger = tmp_path / "colanet-kernels" / "not ours"
    stranger.mkdir()
    os.utime(stranger, (0, 0))
    fresh.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    mine = compiled.folder()
    assert mine is not None
    assert mine.exists()
    assert stranger.exists()
    # The new one and ages 0, 12 are the newest three, 24 is younger than 30 days; 36, 48 and 60 are old.
    left = {path.name for path in mine.parent.iterdir()} - {mine.name, stranger.name}
    assert left == set(names[:3])


def test_kernels_are_known_to_be_compiled_once_they_have_run(fresh, tmp_path):
    fresh.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    assert not compiled.is_compiled()
    compiled.note_compiled.cache_clear()
    compiled.note_compiled()
    assert compiled.is_compiled()
    compiled.note_compiled.cache_clear()


# ------------------------------------------------------------- numba as it is inside


def test_kernels_are_compiled_as_numba_does_where_it_has_changed_inside(monkeypatch):
    from numba.core import codegen

    assert compiling.part_options().keys() <= {"pipeline_class"}
    monkeypatch.delattr(codegen.JITCPUCodegen, "set_env")
    assert compiling.part_options() == {}


def test_the_collector_goes_on_after_a_compilation():
    @numba.njit
    def one(x):
        return x + 1

    assert gc.isenabled()
    assert one(1) == 2
    assert gc.isenabled()
