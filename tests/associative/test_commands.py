"""`colanet memory`, called as a user would, and the optional libraries."""

import re
import subprocess
import sys

import numpy as np
import pytest

from colanet import cli, extras
from colanet.errors import BackendUnavailable


def call(capsys, *arguments):
    """Exit status, standard output and standard error of `colanet memory ...`."""
    status = 0
    try:
        cli.main(["memory", *map(str, arguments)])
    except SystemExit as error:
        status = error.code
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def is_small_png(path):
    content = path.read_bytes()
    return content[:8] == b"\x89PNG\r\n\x1a\n" and len(content) < 150_000


def test_retrieve(capsys, tmp_path):
    out = tmp_path / "strip.png"
    status, text, err = call(capsys, "retrieve", "--per-class", 1, "--test", 50, "--show", 2, "--out", out)
    assert status == 0
    assert is_small_png(out)
    assert f"wrote {out}" in err
    lines = text.splitlines()
    assert lines[0] == "10 memories, 50 test pictures, noise 0.3"
    assert [line.split()[0] for line in lines[2:]] == ["nearest", "hopfield", "pseudo-inverse", "A", "B", "C"]


def test_retrieve_from_receptive_fields(capsys, tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "fields.npz", weights=rng.normal(size=(784, 6)), columns=np.arange(6))
    arguments = ("--weights", tmp_path / "fields.npz", "--ink", 0.2, "--cover", 0.5, "--test", 10, "--quiet")
    status, text, err = call(capsys, "retrieve", *arguments)
    assert status == 0
    assert text.startswith("6 memories, 10 test pictures, cover 0.5")
    assert not err


@pytest.mark.slow
def test_capacity(capsys, tmp_path):
    out = tmp_path / "capacity.svg"
    arguments = (
        "capacity",
        "--sizes",
        "40,60,80",
        "--orders",
        "2",
        "--trials",
        2,
        "--bits",
        5000,
        "--out",
        out,
        "--quiet",
    )
    status, text, err = call(capsys, *arguments)
    assert status == 0
    assert not err
    assert out.read_text().lstrip().startswith("<?xml")
    assert "theory 0.1379 d" in text
    assert "K grows as d^" in text
    assert re.search(r"endless +half of the patterns lost at 0\.\d{4} ± 0\.\d{4} d", text)


@pytest.mark.parametrize("show", ["trajectories", "landscape"])
def test_energy(capsys, tmp_path, show):
    out = tmp_path / "energy.png"
    status, text, _ = call(capsys, "energy", "--show", show, "--out", out)
    assert status == 0
    assert is_small_png(out)
    assert ("largest rise" if show == "trajectories" else "dead neurons        [0 1]") in text


@pytest.mark.slow
def test_fast_hidden_neurons_take_a_stiff_solver(capsys):
    """The smallest time constant is done in seconds, and agrees with the limit."""
    status, text, _ = call(capsys, "energy", "--tau-h", 1e-4)
    assert status == 0
    ends = [float(line.split()[-2]) for line in text.splitlines()[1:]]
    assert np.allclose(ends[::2], ends[1::2], atol=2e-3)


def test_a_picture_that_cannot_be_written_leaves_nothing_printed(capsys, tmp_path, monkeypatch):
    def full(*_):
        raise OSError("no space left")

    monkeypatch.setattr("os.replace", full)
    for arguments in (["energy"], ["energy", "--show", "landscape"]):
        status, out, err = call(capsys, *arguments, "--out", tmp_path / "x.png")
        assert status == 2
        assert not out
        assert err.endswith("x.png: cannot be written: no space left\n")


def test_same_seed_same_answer(capsys):
    first, second = (call(capsys, "energy", "--seed", 5)[1] for _ in range(2))
    assert first == second != call(capsys, "energy", "--seed", 6)[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["retrieve", "--noise", "2"], "noise: expected a level from 0 to 1, got 2"),
        (["retrieve", "--noise", "0.1", "--cover", "0.1"], "--noise and --cover: give one of them"),
        (["retrieve", "--dataset", "cats"], "unknown data set cats"),
        (["retrieve", "--ink", "nan", "--weights", "absent.npz"], "--ink nan: expected a part between 0 and 1"),
        (["retrieve", "--ink", "0.2"], "--ink: only with --weights"),
        (["retrieve", "--copies", "2"], "--copies: only with --weights"),
        (["retrieve", "--per-class", "2", "--weights", "absent.npz"], "--per-class: only without --weights"),
        (["retrieve", "--noise", "nan"], "noise: expected a level from 0 to 1, got nan"),
        (["retrieve", "--weights", "absent.npz"], "absent.npz: no such file"),
        (["energy", "--out", "x.gif"], "--out x.gif: expected a name that ends in .png"),
        (["energy", "--tau-h", "-1"], "--tau-h -1: expected a finite number of at least 0.0001"),
        (["energy", "--tau-h", "nan"], "--tau-h nan: expected a finite number of at least 0.0001"),
        (["energy", "--tau-h", "inf"], "--tau-h inf: expected a finite number of at least 0.0001"),
        (["energy", "--tau-h", "1e-7"], "--tau-h 1e-07: expected a finite number of at least 0.0001"),
        (["energy", "--show", "landscape", "--tau-h", "0.3"], "--tau-h: only with --show trajectories"),
        (["energy", "--out", "/dev/null/x.png"], "cannot be written"),
        (["capacity", "--sizes", "a"], "--sizes a: expected whole numbers"),
        (["capacity", "--orders", "1"], "--orders 1: expected numbers of at least 2"),
        (["capacity", "--orders", "400", "--sizes", "30", "--bits", "1000"], "--orders 400 with 54 neurons and"),
        (
            ["capacity", "--orders", "2,9999", "--sizes", "30"],
            "n: expected a whole number from 2 to 2000, got 9999",
        ),
        (["capacity", "--sizes", "30,99999999999"], "--sizes 30,99999999999: Hopfield's network of 99999999999"),
        (["capacity", "--sizes", "9" * 400], "neurons: needs about"),
        (["capacity", "--sizes", "30", "--out", "/dev/null/x.png"], "--out /dev/null/x.png: cannot be written"),
        (["capacity", "--bits", "1"], "1000"),
    ],
)
def test_bad_input_is_one_clear_line_and_status_2(capsys, arguments, message):
    status, out, err = call(capsys, *arguments)
    assert status == 2
    assert message in err
    assert "Traceback" not in err
    assert not out
    if "--bits" not in arguments:
        assert len(err.splitlines()) == 1


def test_module_runs_as_the_command():
    command = [sys.executable, "-m", "colanet.associative", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert all(name in done.stdout for name in ("retrieve", "capacity", "energy"))


def test_import_needs_no_optional_library():
    code = (
        "import sys; import colanet.associative, colanet.associative.bridge, colanet.associative.figures;"
        "print([m for m in ('scipy', 'sklearn', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_missing_library_is_named_with_the_command_that_installs_it():
    with pytest.raises(
        BackendUnavailable, match=r'no_such is not .*pip install "colanet\[associative\]"'
    ) as caught:
        extras.need("no_such.module", "associative")
    assert isinstance(caught.value.__cause__, ImportError)


def test_restricted_boltzmann_machine_of_the_documentation():
    """scikit-learn's, as docs/associative.md shows it: hidden units tell two kinds of pictures apart."""
    from sklearn.neural_network import BernoulliRBM

    pictures = np.repeat([[1.0] * 8 + [0.0] * 8, [0.0] * 8 + [1.0] * 8], 100, axis=0)
    machine = BernoulliRBM(n_components=4, learning_rate=0.1, n_iter=30, random_state=0).fit(pictures)
    assert np.abs(np.diff(machine.transform(pictures[[0, -1]]), axis=0)).max() > 0.5
