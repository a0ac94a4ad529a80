"""One run, without a page, with one, or with one that somebody looks at. Run by its path.

    python watch_job.py '{"network": "configs/mnist.yaml", "page": "open", ...}'
"""

import contextlib
import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

WARM = 1000
"""Images before the clock runs: kernels are loaded by then, and the page is there."""


def look(address):
    """Ask as a page does, until the server is gone."""
    state = {"mark": "", "number": ""}
    with contextlib.suppress(OSError):
        while not state.get("end"):
            words = f"since={state['mark']}&fields={state['number']}"
            with urllib.request.urlopen(f"{address}state.json?{words}") as answer:
                state = json.load(answer)


def measured(request):
    """CPU and wall seconds of a run, all threads of its process; those who look are another process."""
    import colanet
    from colanet.session import Session
    from colanet.watch.watching import watching

    path, address, lookers = Path(request["network"]), [], []
    page = contextlib.nullcontext() if request["page"] == "none" else watching("run", None, address.append)
    with page as watcher:
        if request["page"] == "open":
            words = [sys.executable, __file__, address[0].split()[-1]]
            lookers.append(subprocess.Popen(words))
        session = Session(
            colanet.load(path), base_dir=path.parent, engine="numba", threads=1, copies=request["copies"],
            train=request["train"], test=request["test"], data_dir=request["data"],
            observers=[watcher] if watcher else [],
        )  # fmt: skip
        session.proceed(WARM * session.presentation.period)
        cpu, wall = time.process_time(), time.perf_counter()
        session.proceed()
        found = {"cpu_seconds": time.process_time() - cpu, "wall_seconds": time.perf_counter() - wall}
    for looker in lookers:
        looker.wait()
    return found | {"digest": session.result().digest, "shown": watcher.shown if watcher else 0}


if __name__ == "__main__":
    if sys.argv[1].startswith("http"):
        look(sys.argv[1])
    else:
        print(json.dumps(measured(json.loads(sys.argv[1]))))
