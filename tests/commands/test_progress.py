"""The rate of a resumed run is that of this sitting."""

import pytest

from colanet.commands import progress
from colanet.commands.progress import Progress


@pytest.mark.parametrize(("before", "line"), [(0, "100/200 images, 10 a second, 10 s left"),
                                              (90, "100/200 images, 1 a second, 100 s left")])  # fmt: skip
def test_the_rate_counts_only_what_was_done_here(monkeypatch, capsys, before, line):
    clock = iter([0.0, 10.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    with Progress(200, "images", done=before) as bar:
        bar.update(100)
    assert capsys.readouterr().err.strip() == line
