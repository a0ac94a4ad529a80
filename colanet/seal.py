"""`python -m colanet.seal FILE.h5...`: gives files of an older colanet the checksum that they lack.

Damage that such a file has already cannot be noticed, so this is asked for by hand and not done by the way.
"""

from __future__ import annotations

import os
from pathlib import Path

import click
import h5py
from h5py import h5f, h5p

from colanet.atomic import write_bytes
from colanet.errors import CheckpointError, DataError
from colanet.programs import run_safely
from colanet.reading import read_bytes
from colanet.storage import FORMAT, HDF5_SIGN, seal


def seal_file(path: str | os.PathLike[str]) -> None:
    """Rewrite a file of format 1 as one of format 2.

    Raises
    ------
    CheckpointError
        If it is no such file.
    OutputError
        If it cannot be written; it is then left as it was.
    """
    try:
        content = read_bytes(path, packed=False)
    except DataError as error:
        raise CheckpointError(str(error)) from error
    if not content.startswith(HDF5_SIGN):
        raise CheckpointError(f"{path}: not an HDF5 file without a checksum")
    try:
        content = _renewed(content)
    except (OSError, RuntimeError, ValueError, TypeError, LookupError) as error:
        raise CheckpointError(f"{path}: not a readable HDF5 file ({' '.join(str(error).split())})") from error
    write_bytes(path, seal(content), content)


def _renewed(content: bytes) -> bytes:
    """The same HDF5 file with the present number of the format."""
    access = h5p.create(h5p.FILE_ACCESS)
    access.set_fapl_core(1 << 20, False)
    access.set_file_image(content)
    with h5py.File(h5f.open(b"image", h5f.ACC_RDWR, access)) as file:
        if file.attrs.get("colanet_format") != 1:
            raise ValueError(f"of format {file.attrs.get('colanet_format', 'unknown')}, expected 1")
        file.attrs.modify("colanet_format", FORMAT)
        file.flush()
        image: bytes = file.id.get_file_image()
        return image


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE.h5...")
def main(files: tuple[Path, ...]) -> None:
    """Give files of an older colanet the checksum that they lack."""
    for file in files:
        seal_file(file)
        click.echo(f"{file}: sealed")


if __name__ == "__main__":
    run_safely(main, "python -m colanet.seal")
