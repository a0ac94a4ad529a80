"""The CUDA source as one text, and the numbers of its enumerations.

What follows from the plan is generated (`colanet.engine.cuda.generated`). The kernels' own enumerations are named
in the C text alone; Python reads them out of it, so the two cannot drift apart.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from types import SimpleNamespace

from colanet.engine.cuda.generated import FILES

FOLDER = Path(__file__).parent
MAIN = "colanet.cu"

RUNTIME_OPTIONS = ("-std=c++17",)
"""What the source is compiled with, by NVRTC or nvcc."""

_INCLUDE = re.compile(r'^#include "(\w+\.cuh)"$', re.MULTILINE)


@cache
def source() -> str:
    """The CUDA source, files put together in order; needs no header and no include path."""
    return _inserted((FOLDER / MAIN).read_text(encoding="utf-8"))


def _inserted(text: str) -> str:
    """A text with its includes put in."""

    def insert(match: re.Match[str]) -> str:
        name = match.group(1)
        if name in FILES:
            return FILES[name]()
        return _inserted((FOLDER / name).read_text(encoding="utf-8"))

    return _INCLUDE.sub(insert, text)


@cache
def columns(name: str, prefix: str = "") -> SimpleNamespace:
    """The members of an enumeration of the source, as attributes without their prefix; values are int.

    Raises
    ------
    KeyError
        If the source has no such enumeration.
    """
    match = re.search(rf"enum {name} \{{(.*?)\}}", source(), re.DOTALL)
    if match is None:
        raise KeyError(name)
    result, value = {}, 0
    for item in re.sub(r"//.*", "", match.group(1)).split(","):
        member, _, given = (part.strip() for part in item.partition("="))
        if member:
            value = int(given.removesuffix("ll")) if given else value
            result[member.removeprefix(prefix)] = value
            value += 1
    return SimpleNamespace(**result)


def kernel_names() -> tuple[str, ...]:
    """The entry points of the source, in its order."""
    return tuple(re.findall(r'extern "C" __global__ void (?:__launch_bounds__\(\d+, \w+\) )?(\w+)\(', source()))
