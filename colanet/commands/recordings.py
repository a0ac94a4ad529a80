"""What `colanet run` and `ArNIGPU` record, and the files they make of it at the end.

While the network runs, the spikes go to a spool (`colanet.spool`); the files are made from it chunk by chunk, so
that memory stays the same however long the recording is.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from colanet.atomic import atomic_path
from colanet.commands.run_options import RunOptions
from colanet.config.model import Network
from colanet.encoding import records
from colanet.errors import ConfigError
from colanet.recorded import shifted, side_by_side
from colanet.session import Recording, Session
from colanet.spool import Spool
from colanet.storage import Blocks

FORMATS = ("text", "binary", "list", "hdf5")
PROTOCOLS = {"text": "txt", "binary": "bin", "list": "lst"}
"""Suffix of each form of a protocol."""
_SUFFIXES = {"text": "txt", "binary": "bin", "list": "csv"}


def parse_range(text: str | None) -> tuple[int, int | None]:
    """`FIRST:LAST` in steps, LAST excluded; either may be left out."""
    if text is None:
        return 0, None
    first, colon, last = text.partition(":")
    try:
        result = int(first or 0), int(last) if last else None
    except ValueError as error:
        raise ConfigError(f"--record-steps {text}: expected FIRST:LAST, two numbers of steps") from error
    if not colon or result[0] < 0 or (result[1] is not None and result[1] <= result[0]):
        raise ConfigError(f"--record-steps {text}: expected FIRST:LAST with 0 <= FIRST < LAST")
    return result


def recording_of(network: Network, options: RunOptions) -> Recording | None:
    """What the session must record for the files that the options ask for."""
    sections: list[str] = []
    populations = [p.name for p in network.populations]
    if options.record:
        sections += record_sections(options) or populations
    if options.protocol:
        sections += populations
        sections += [i.name for i in network.inputs] if options.protocol_inputs else []
    if not sections:
        return None
    first, last = parse_range(options.record_steps)
    return Recording(tuple(dict.fromkeys(sections)), first, last, folder=options.out)


def record_sections(options: RunOptions) -> list[str]:
    """The sections that --record-sections names; none: all populations."""
    return [name.strip() for name in (options.record_sections or "").split(",") if name.strip()]


def write_recordings(
    session: Session, options: RunOptions, out: Path, name: str
) -> tuple[dict[str, Any], list[str]]:
    """Write the files of recorded spikes; returns the data sets for the results file, and the names of the files.

    Parameters
    ----------
    session : Session
    options : RunOptions
    out : Path
    name : str
        The experiment's, for the protocols.

    Raises
    ------
    CheckpointError
        If the spool is not what was written to it.
    """
    kept = session.recorder.records
    if isinstance(kept, Spool):
        kept.check()
    extra: dict[str, Any] = {}
    files: list[str] = []
    if options.record:
        chosen = record_sections(options) or [p.name for p in session.plan.populations]
        keys = [key for key in kept.keys if key.split("/", 1)[1] in chosen]
        if options.record == "hdf5":
            rows = np.dtype(np.int64)
            extra = {f"spikes/{key}": Blocks((kept.count(key), 2), rows, kept.blocks(key)) for key in keys}
        else:
            for key in keys:
                copy, section = key.split("/", 1)
                files.append(f"spikes.{section}.{copy}.{_SUFFIXES[options.record]}")
                write_sections(session, [key], options.record, out / files[-1])
    if options.protocol:
        files += write_protocol(session, options.protocol, out, name, inputs=options.protocol_inputs)
    return extra, files


def write_protocol(session: Session, form: str, out: Path, name: str, *, inputs: bool) -> list[str]:
    """Write `spikes.NAME` with all populations side by side, copy after copy; `receptor_spikes.NAME` likewise.

    Returns their names.
    """
    files = [f"spikes.{name}.{PROTOCOLS[form]}"]
    populations = [p.name for p in session.plan.populations]
    keys = [f"{copy}/{section}" for copy in range(session.plan.copies) for section in populations]
    write_sections(session, keys, form, out / files[0])
    if inputs:
        files.append(f"receptor_spikes.{name}.{PROTOCOLS[form]}")
        keys = [f"0/{section}" for section, _ in session.plan.inputs]
        write_sections(session, keys, form, out / files[1])
    return files


def write_sections(session: Session, keys: list[str], form: str, path: str | os.PathLike[str]) -> None:
    """Write recorded sections side by side as one file; rows and steps are counted from the first recorded step."""
    assert session.recording is not None
    sizes = dict(session.plan.inputs) | {p.name: p.size for p in session.plan.populations}
    widths = [sizes[key.split("/", 1)[1]] for key in keys]
    parts = side_by_side(session.recorder.records.chunks(keys), widths)
    with atomic_path(path) as temporary:
        records.STREAMERS[form](temporary, shifted(parts, session.recording.first), sum(widths))
