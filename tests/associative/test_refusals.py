"""Bad input of `colanet memory`: one line, exit status 2, nothing printed or written before it."""

import pytest

from colanet.cli import cli
from colanet.programs import run_safely


def refused(capsys, *words):
    with pytest.raises(SystemExit) as caught:
        run_safely(cli, "colanet", ["memory", *map(str, words)])
    out = capsys.readouterr()
    assert caught.value.code == 2
    assert out.out == ""
    return [line for line in out.err.splitlines() if line and not line.startswith(("Usage:", "Try "))]


@pytest.mark.parametrize("words", [
    ("energy", "--tau-h", "nan"),
    ("energy", "--tau-h", "inf"),
    ("energy", "--tau-h", "-1"),
    ("energy", "--tau-h", "1e-7"),
    ("energy", "--show", "landscape", "--tau-h", "-1"),
    ("capacity", "--orders", "400", "--sizes", "30", "--bits", "1000"),
    ("capacity", "--sizes", "99999999999"),
    ("retrieve", "--ink", "nan"),
    ("retrieve", "--ink", "0.5"),
    ("retrieve", "--weights", "no-such-file.npz"),
], ids=lambda words: " ".join(words))  # fmt: skip
def test_one_line_and_nothing_before_it(words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    [line] = refused(capsys, *words)
    assert len(line) > 20
    assert list(tmp_path.iterdir()) == []
