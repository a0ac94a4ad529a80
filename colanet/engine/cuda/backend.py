"""The machine that runs the kernels: what is asked of it, and the GPU through cupy."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike

from colanet.engine.cuda.source import RUNTIME_OPTIONS, source
from colanet.errors import BackendUnavailable, first_line

INSTALL = 'pip install "colanet[cuda13]" (CUDA 13) or pip install "colanet[cuda12]" (CUDA 12)'


class Backend(Protocol):
    """Device memory and kernel launches. Arrays are cupy's on a GPU and NumPy's under the shim.

    Attributes
    ----------
    name, device : str
    multiprocessors : int
        Blocks that can run at the same time, at least.
    shared_limit : int
        Bytes of shared memory a block can have.
    """

    name: str
    device: str
    multiprocessors: int
    shared_limit: int

    @property
    def free(self) -> int:
        """Bytes of device memory that new arrays can take."""
        ...

    def zeros(self, shape: tuple[int, ...], dtype: DTypeLike) -> Any:
        """A new array on the device."""
        ...

    def upload(self, array: np.ndarray) -> Any:
        """A copy of a host array on the device."""
        ...

    def download(self, array: Any) -> np.ndarray:
        """A copy of a device array on the host; waits for the kernels that write it."""
        ...

    def address(self, array: Any) -> int:
        """Where a contiguous device array begins."""
        ...

    def launch(self, kernel: str, blocks: int, threads: int, shared: int, *arguments: Any) -> None:
        """Start a kernel; arguments are device arrays, or ints of 64 bits."""
        ...

    def synchronize(self) -> None:
        """Wait until every kernel has ended."""
        ...


def import_cupy() -> Any:
    """cupy, with a device that works.

    Raises
    ------
    BackendUnavailable
        If cupy is missing, or there is no GPU or driver; in one line, with the original error chained.
    """
    try:
        import cupy
    except ImportError as error:
        raise BackendUnavailable(f"the cupy engine needs cupy, which is not installed: {INSTALL}") from error
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except Exception as error:
        raise BackendUnavailable(f"the cupy engine finds no GPU it can use: {first_line(error)}") from error
    if count == 0:
        raise BackendUnavailable("the cupy engine finds no GPU on this machine")
    return cupy


class CupyBackend:
    """The current CUDA device. The kernels are compiled when the first one is launched.

    Parameters
    ----------
    min_blocks : int
        Blocks of 512 threads that must fit a multiprocessor; 2 trades registers for more networks at a time.

    Raises
    ------
    BackendUnavailable
        Without cupy, a GPU or a driver.
    """

    name = "cupy"

    def __init__(self, min_blocks: int = 1) -> None:
        self.cupy = import_cupy()
        self.device = self.cupy.cuda.runtime.getDeviceProperties(self.cupy.cuda.Device().id)["name"].decode()
        self.multiprocessors = self.attribute("MultiProcessorCount")
        self.shared_limit = self.attribute("MaxSharedMemoryPerBlockOptin")
        self.module = self.cupy.RawModule(
            code=source(), options=(*RUNTIME_OPTIONS, f"-DMIN_BLOCKS={min_blocks}"), backend="nvrtc"
        )
        self._kernels: dict[str, Any] = {}

    def attribute(self, name: str) -> int:
        """A number of the device, by the end of its name in `cudaDeviceAttr`."""
        runtime = self.cupy.cuda.runtime
        return int(runtime.deviceGetAttribute(getattr(runtime, f"cudaDevAttr{name}"), self.cupy.cuda.Device().id))

    @property
    def free(self) -> int:
        """Bytes of the GPU that are free, or that cupy keeps for new arrays."""
        kept = self.cupy.get_default_memory_pool().free_bytes()
        return int(self.cupy.cuda.runtime.memGetInfo()[0]) + int(kept)

    def zeros(self, shape: tuple[int, ...], dtype: DTypeLike) -> Any:
        """A new cupy array; BackendUnavailable if the GPU has no room for it."""
        try:
            return self.cupy.zeros(shape, dtype=dtype)
        except self.cupy.cuda.memory.OutOfMemoryError as error:
            raise BackendUnavailable(f"the GPU's memory is too small: {first_line(error)}") from error

    def upload(self, array: np.ndarray) -> Any:
        """A copy of a host array on the GPU."""
        result = self.zeros(array.shape, array.dtype)
        result.set(np.ascontiguousarray(array))
        return result

    def download(self, array: Any) -> np.ndarray:
        """A copy of a GPU array on the host; waits for the kernels that write it."""
        host: np.ndarray = self.cupy.asnumpy(array)
        return host

    def address(self, array: Any) -> int:
        """The device address where an array begins."""
        return int(array.data.ptr)

    def kernel(self, name: str) -> Any:
        """The compiled kernel of that name.

        Raises
        ------
        BackendUnavailable
            If the source does not compile for this device.
        """
        if name not in self._kernels:
            try:
                self._kernels[name] = self.module.get_function(name)
            except Exception as error:
                raise BackendUnavailable(
                    f"the kernels cannot be compiled for {self.device}: {first_line(error)}"
                ) from error
        return self._kernels[name]

    def launch(self, kernel: str, blocks: int, threads: int, shared: int, *arguments: Any) -> None:
        """Start a kernel, which is compiled at its first launch."""
        function = self.kernel(kernel)
        if shared > 48 * 1024:
            function.max_dynamic_shared_size_bytes = shared
        scalars = [np.uint64(a & (1 << 64) - 1) if isinstance(a, int) else a for a in arguments]
        function((blocks,), (threads,), tuple(scalars), shared_mem=shared)

    def occupancy(self, kernel: str, threads: int, shared: int) -> dict[str, int]:
        """Registers of a thread, bytes it spills, and how many blocks fit a multiprocessor at a time."""
        function = self.kernel(kernel)
        if shared > 48 * 1024:
            function.max_dynamic_shared_size_bytes = shared
        blocks = self.cupy.cuda.driver.occupancyMaxActiveBlocksPerMultiprocessor(
            function.kernel.ptr, threads, shared
        )
        return {
            "registers": int(function.num_regs),
            "spilled_bytes": int(function.local_size_bytes),
            "blocks_per_multiprocessor": int(blocks),
        }

    def synchronize(self) -> None:
        """Wait until every kernel of the current stream has ended."""
        self.cupy.cuda.get_current_stream().synchronize()
