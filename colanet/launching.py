"""Where jobs are done: in this process, in worker processes, or on a Dask cluster.

A launcher is a function from jobs to an iterator of (job, result), in the order in which they end. Jobs and results
travel between processes and machines. Dask is used through the interface of `concurrent.futures`.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, ProcessPoolExecutor, as_completed
from multiprocessing.process import BaseProcess
from typing import TypeVar

from colanet.errors import BackendUnavailable, ColanetError, first_line
from colanet.extras import need

Job = TypeVar("Job")
Result = TypeVar("Result")
Launcher = Callable[[Iterable[Job]], Iterator[tuple[Job, Result]]]
CONNECT_SECONDS = 10


class WorkerDied(ColanetError):
    """A process that did jobs ended without an answer."""


@contextlib.contextmanager
def open_launcher(
    do: Callable[[Job], Result], *, workers: int = 1, dask: str | None = None, what: str = "trials"
) -> Iterator[Launcher[Job, Result]]:
    """A launcher; on leaving, also by an interruption, its workers are stopped.

    Parameters
    ----------
    do : callable
        A function of a module, so that it can travel.
    workers : int
        Processes; 1: this one.
    dask : str or None
        Address of a Dask scheduler, used instead.
    what : str
        Plural of what is done, for messages.

    Raises
    ------
    BackendUnavailable
        If Dask is missing or does not answer.
    WorkerDied
        While jobs are done, if a worker process is killed.
    """
    if dask is not None:
        with _dask_executor(dask, what) as executor:
            yield lambda jobs: _in_parallel(executor, do, jobs, what)
    elif workers > 1:
        with _process_pool(workers) as executor:
            yield lambda jobs: _in_parallel(executor, do, jobs, what)
    else:
        yield lambda jobs: ((job, do(job)) for job in jobs)


def _in_parallel(
    executor: Executor, do: Callable[[Job], Result], jobs: Iterable[Job], what: str
) -> Iterator[tuple[Job, Result]]:
    """All jobs at once, each answer as it comes."""
    try:
        futures = {executor.submit(do, job): job for job in jobs}
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BrokenExecutor as error:
        reason = "killed, perhaps for want of memory; fewer --workers need less"
        raise WorkerDied(f"a worker process died ({reason}); --resume keeps the finished {what}") from error
    except CancelledError as error:
        raise WorkerDied(f"the Dask scheduler is gone; --resume keeps the finished {what}") from error


@contextlib.contextmanager
def _process_pool(workers: int) -> Iterator[Executor]:
    # Spawned, not forked: a fork after numba has started threads can hang.
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(workers, mp_context=context, initializer=_prepare_worker)
    try:
        yield executor
    except BaseException:
        # The jobs in work are lost in any case; there is no use in waiting for them.
        processes = list((getattr(executor, "_processes", None) or {}).values())
        executor.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()
        raise
    executor.shutdown()


def _prepare_worker() -> None:
    """An interruption from the keyboard is the parent's business, and its end is the worker's end."""
    for library in ("OPENBLAS", "MKL", "OMP"):  # a worker has one core; NumPy is not imported yet
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


@contextlib.contextmanager
def _dask_executor(address: str, what: str) -> Iterator[Executor]:
    distributed = need("distributed", "dask")
    try:
        client = distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        message = f"--dask {address}: no Dask scheduler answers there ({first_line(error)})"
        raise BackendUnavailable(message) from error
    with client, client.get_executor(pure=False) as executor:
        if not client.scheduler_info()["workers"]:
            warnings.warn(f"--dask {address}: no worker is there yet; waiting for one", stacklevel=2)
        try:
            yield executor
        except distributed.scheduler.KilledWorker as error:
            message = f"a Dask worker died several times over the same job; --resume keeps the finished {what}"
            raise WorkerDied(message) from error
        except BaseException:
            executor.shutdown(wait=False)
            raise
