"""NVIDIA's run-time compiler, which needs no GPU, through ctypes."""

from __future__ import annotations

import ctypes
import site
import sys
from functools import cache
from pathlib import Path


@cache
def library() -> ctypes.CDLL | None:
    """libnvrtc from an installed wheel, or the system's; None without any."""
    folders = {*site.getsitepackages(), site.getusersitepackages(), *sys.path}
    # Version 12 before 13: it still knows the oldest devices.
    found = sorted(
        (p for f in folders for p in Path(f or ".").glob("nvidia/*/lib/libnvrtc.so.*")), key=lambda p: p.name
    )
    for name in [*(str(p) for p in found), "libnvrtc.so.12", "libnvrtc.so.13", "libnvrtc.so"]:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None


def architectures() -> list[int]:
    """Compute capabilities it knows, 90 for 9.0."""
    nvrtc = library()
    if nvrtc is None:
        return []
    count = ctypes.c_int()
    if nvrtc.nvrtcGetNumSupportedArchs(ctypes.byref(count)):
        return []
    values = (ctypes.c_int * count.value)()
    nvrtc.nvrtcGetSupportedArchs(values)
    return sorted(values)


def compile_for(text: str, arch: int, *options: str) -> tuple[bytes, str]:
    """Machine code (empty if it does not compile) and the log."""
    nvrtc = library()
    assert nvrtc is not None
    program = ctypes.c_void_p()
    assert not nvrtc.nvrtcCreateProgram(ctypes.byref(program), text.encode(), b"colanet.cu", 0, None, None)
    given = [f"--gpu-architecture=sm_{arch}".encode(), *(o.encode() for o in options)]
    failed = nvrtc.nvrtcCompileProgram(program, len(given), (ctypes.c_char_p * len(given))(*given))
    size = ctypes.c_size_t()
    nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetProgramLog(program, log)
    code = b""
    if not failed:
        nvrtc.nvrtcGetCUBINSize(program, ctypes.byref(size))
        buffer = ctypes.create_string_buffer(size.value)
        nvrtc.nvrtcGetCUBIN(program, buffer)
        code = buffer.raw
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    return code, log.value.decode()
