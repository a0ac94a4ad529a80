"""Every notebook runs from top to bottom in a kernel of Jupyter, on few images, and shows what it promises."""

from pathlib import Path

import pytest

jupytext = pytest.importorskip("jupytext", reason="jupytext reads the notebooks")
client = pytest.importorskip("nbclient", reason="nbclient runs the notebooks")
pytest.importorskip("ipykernel", reason="ipykernel is the kernel of the notebooks")

FOLDER = Path(__file__).parents[1] / "docs" / "notebooks"
PICTURES = {"mnist_in_a_minute": 2, "ten_tasks": 1, "your_data": 0, "a_decision": 2, "to_a_chip": 0}
SAYS = {
    "mnist_in_a_minute": "are answered rightly", "ten_tasks": "the first task lost", "your_data": "% right",
    "a_decision": "answered", "to_a_chip": "network.c",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_notebooks_run(path, monkeypatch, tmp_path):
    monkeypatch.setenv("COLANET_SMALL_NOTEBOOKS", "1")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.delenv("MPLBACKEND", raising=False)  # the kernel's own backend shows figures in the notebook
    notebook = jupytext.read(path)
    where = {"metadata": {"path": str(FOLDER)}}
    client.NotebookClient(notebook, timeout=300, kernel_name="python3", resources=where).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == PICTURES[path.stem]
    assert SAYS[path.stem] in "".join(output.get("text", "") for output in outputs)
