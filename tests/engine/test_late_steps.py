"""Steps beyond 2^31: input, spikes, and what is written to files."""

import h5py
import numpy as np
import pytest
from click.testing import CliRunner

import colanet
from colanet.commands.run import run
from colanet.config.model import Network
from colanet.session import Recording, Session

YAML = """
inputs:
  - {name: R, kind: text, source: rows.txt, mode: %s%s}
populations:
  - {name: N, size: 1}
projections:
  - {source: R, target: N, connection: one_to_one, weight: 9}
"""


def written(tmp_path, mode="repetitive", more=""):
    (tmp_path / "rows.txt").write_text("@\n.\n")
    (tmp_path / "n.yaml").write_text(YAML % (mode, more))
    return tmp_path / "n.yaml"


@pytest.mark.slow
@pytest.mark.parametrize("start", [2**31 - 60, 2**32 - 4, 2**33])
def test_recorded_steps_in_hdf5_do_not_wrap(tmp_path, start):
    path, out = written(tmp_path), tmp_path / "out"
    out.mkdir()
    recording = Recording(sections=("N",), first=start)
    session = Session(colanet.load(path), base_dir=tmp_path, threads=1, engine="numba", recording=recording)
    session.run(stop=4)
    session.step = start  # no neuron has a pending time, so the clock can be put forward
    session.checkpoint(out / "checkpoint.h5")
    options = ["--threads", "1", "--quiet", "--record", "hdf5", "--record-sections", "N"]
    options += ["--record-steps", f"{start}:"]
    arguments = [str(path), "--out", str(out), *options, "--resume", "--stop-at", str(start + 80)]
    done = CliRunner().invoke(run, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    with h5py.File(out / "results.h5") as file:
        found = file["spikes/0/N"][()]
    assert found.dtype == np.int64
    # The input spikes at even steps and arrives one step later.
    assert found[:, 0].tolist() == list(range(start + 1, start + 80, 2))


@pytest.mark.parametrize("engine", ["reference", "numba"])
@pytest.mark.parametrize("period", [1_000_000_007, 2**31 - 1, 1_500_000_000])
def test_a_pacemaker_goes_on_beyond_2_31(tmp_path, engine, period):
    path = written(tmp_path, "endless", f", pacemaker_period: {period}")
    beat = 3 * period
    session = Session(
        colanet.load(path), base_dir=tmp_path, threads=1, engine=engine, recording=Recording(first=beat - 20)
    )
    session.step = beat - 20
    session.run(stop=beat + 20)
    assert session.spikes("N").tolist() == [[beat + 1, 0]]


def test_engines_agree_on_a_time_beyond_2_31(tmp_path):
    values = {"w_max": 9, "isi_max": 5, "hebbian_rate": -0.1, "noise_amplitude": 9, "memory": 30}
    network = Network.model_validate(
        {
            "inputs": [{"name": "R", "kind": "noise", "size": 9, "noise": 0.2, "steps": 2**31 - 1}],
            "populations": [{"name": "L", "size": 3, **values}],
            "projections": [{"source": "R", "target": "L", "kind": "plastic", "initial_resource": 3}],
        }
    )
    digests = set()
    for engine in ("reference", "numba"):
        session = Session(network, engine=engine)
        session.origin = 2**31 - 50
        digests.add(session.run(stop=100).digest)
    assert len(digests) == 1
