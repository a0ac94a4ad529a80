"""As much of cupy as the engine uses, over NumPy and the shim, so that what talks to cupy runs without a GPU."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace

import numpy as np

from colanet.engine.cuda.shim import ShimBackend


class Array(np.ndarray):
    """A device array: `.data.ptr`, `.set`, no silent way to the host."""

    @property
    def data(self):
        return SimpleNamespace(ptr=self.ctypes.data)

    def set(self, values: np.ndarray) -> None:
        assert type(values) is np.ndarray
        assert values.shape == self.shape
        assert values.dtype == self.dtype
        self[...] = values


class Kernel:
    """What RawModule.get_function returns."""

    num_regs, local_size_bytes = 92, 0
    kernel = SimpleNamespace(ptr=1)

    def __init__(self, shim: ShimBackend, name: str):
        self.shim, self.name = shim, name
        self.max_dynamic_shared_size_bytes = 48 * 1024

    def __call__(self, grid, block, args, *, shared_mem=0):
        assert shared_mem <= self.max_dynamic_shared_size_bytes
        values = []
        for value in args:
            assert isinstance(value, Array | np.uint64), f"cupy takes no {type(value)}"
            values.append(int(value) if isinstance(value, np.uint64) else value.view(np.ndarray))
        self.shim.launch(self.name, *grid, *block, shared_mem, *values)


def make(devices: int = 1, error: Exception | None = None) -> ModuleType:
    """A module to be put in the place of cupy."""
    shim = ShimBackend()

    def device_count() -> int:
        if error:
            raise error
        return devices

    def get_function(name: str) -> Kernel:
        return Kernel(shim, name)

    def raw_module(*, code, options, backend):
        assert "run_shared" in code
        assert backend == "nvrtc"
        assert all(o.startswith("-") for o in options)
        return SimpleNamespace(get_function=get_function)

    attributes = {
        "cudaDevAttrMultiProcessorCount": 2, "cudaDevAttrMaxSharedMemoryPerBlockOptin": 48 * 1024,
        "cudaDevAttrL2CacheSize": 1 << 20, "cudaDevAttrClockRate": 1000,
    }  # fmt: skip
    runtime = SimpleNamespace(
        getDeviceCount=device_count,
        getDeviceProperties=lambda device: {"name": b"no GPU"},
        deviceGetAttribute=lambda attribute, device: attribute,
        driverGetVersion=lambda: 13000,
        runtimeGetVersion=lambda: 13000,
        memGetInfo=lambda: (1 << 36, 1 << 37),
        **attributes,
    )
    module = ModuleType("cupy")
    module.__dict__.update(
        __version__="0",
        RawModule=raw_module,
        zeros=lambda shape, dtype: shim.zeros(shape, dtype).view(Array),
        get_default_memory_pool=lambda: SimpleNamespace(free_bytes=lambda: 1 << 20),
        asnumpy=lambda array: np.array(array.view(np.ndarray)),
        cuda=SimpleNamespace(
            runtime=runtime,
            driver=SimpleNamespace(occupancyMaxActiveBlocksPerMultiprocessor=lambda ptr, threads, shared: 4),
            memory=SimpleNamespace(OutOfMemoryError=MemoryError),
            Device=lambda: SimpleNamespace(id=0),
            get_current_stream=lambda: SimpleNamespace(synchronize=lambda: None),
            set_allocator=lambda allocator: None,
        ),
    )
    return module
