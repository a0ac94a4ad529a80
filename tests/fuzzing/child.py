"""The process that atheris watches.

    python -m tests.fuzzing.child KIND FOLDER [options of libFuzzer]
"""

from __future__ import annotations

import json
import random
import sys
from itertools import islice
from pathlib import Path

COMPILED = [
    "colanet.engine", "colanet.hash_kernels", "colanet.hashing", "colanet.compiled", "colanet.compiling",
    "colanet.encoding.kernels", "colanet.encoding.feature_kernels",
]  # fmt: skip
"""What Numba compiles must stay as it is."""
TAPES = 20
"""Random tapes to begin with."""
EVERY = 50
"""Inputs after which the counts are written: libFuzzer ends the process without a word."""


def main() -> None:
    """Fuzz until libFuzzer's time is over; it then ends the process."""
    import atheris

    # Only what is imported in here is watched, so nothing of colanet may have been imported before.
    with atheris.instrument_imports(include=["colanet", "zipfile", "csv"], exclude=COMPILED):
        from tests.fuzzing.hunt import EDITED, Hunt

    name, folder = sys.argv[1], Path(sys.argv[2])
    one, chance = Hunt(name, folder), random.Random(name)
    seeds = list(islice(one.inputs(chance), len(one.seeds)))
    seeds += [EDITED + chance.randbytes(60) for _ in range(TAPES)]
    for number, seed in enumerate(seeds):
        (folder / "corpus" / f"seed{number:03}").write_bytes(seed)

    def take(data: bytes) -> None:
        new = one.take(data)
        if new or one.found.inputs % EVERY == 0:
            (folder / "found.json").write_text(json.dumps(vars(one.found)))

    atheris.Setup([sys.argv[0], *sys.argv[3:], f"-max_len={max(4096, *map(len, seeds))}"], take)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
