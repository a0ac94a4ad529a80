"""Where trials are evaluated: in this process, in worker processes, or on a Dask cluster.

A launcher is a function from jobs to an iterator of (job, result), in the order in which they end.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor, as_completed
from multiprocessing.process import BaseProcess

from colanet.errors import BackendUnavailable, ColanetError, first_line
from colanet.extras import need
from colanet.search.jobs import Evaluate, Job, Result

Launcher = Callable[[Iterable[Job]], Iterator[tuple[Job, Result]]]
CONNECT_SECONDS = 10


class WorkerDied(ColanetError):
    """A process that evaluated trials ended without an answer."""


@contextlib.contextmanager
def open_launcher(evaluate: Evaluate, *, workers: int = 1, dask: str | None = None) -> Iterator[Launcher]:
    """A launcher; on leaving, also by an interruption, its workers are stopped.

    Parameters
    ----------
    evaluate : callable
        A function of a module, so that it can travel.
    workers : int
        Processes; 1: this one.
    dask : str or None
        Address of a Dask scheduler, used instead.

    Raises
    ------
    BackendUnavailable
        If Dask is missing or does not answer.
    WorkerDied
        While trials are evaluated, if a worker process is killed.
    """
    if dask is not None:
        with _dask_executor(dask) as executor:
            yield lambda jobs: _in_parallel(executor, evaluate, jobs)
    elif workers > 1:
        with _process_pool(workers) as executor:
            yield lambda jobs: _in_parallel(executor, evaluate, jobs)
    else:
        yield lambda jobs: ((job, evaluate(job)) for job in jobs)


def _in_parallel(executor: Executor, evaluate: Evaluate, jobs: Iterable[Job]) -> Iterator[tuple[Job, Result]]:
    """All jobs at once, each answer as it comes."""
    try:
        futures = {executor.submit(evaluate, job): job for job in jobs}
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BrokenExecutor as error:
        reason = "killed, perhaps for want of memory; fewer --workers need less"
        raise WorkerDied(f"a worker process died ({reason}); --resume keeps the finished trials") from error


@contextlib.contextmanager
def _process_pool(workers: int) -> Iterator[Executor]:
    # Spawned, not forked: a fork after numba has started threads can hang.
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(workers, mp_context=context, initializer=_prepare_worker)
    try:
        yield executor
    except BaseException:
        # The trials in work are lost in any case; there is no use in waiting for them.
        processes = list((getattr(executor, "_processes", None) or {}).values())
        executor.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()
        raise
    executor.shutdown()


def _prepare_worker() -> None:
    """An interruption from the keyboard is the parent's business, and its end is the worker's end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


@contextlib.contextmanager
def _dask_executor(address: str) -> Iterator[Executor]:
    distributed = need("distributed", "dask")
    try:
        client = distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        message = f"--dask {address}: no Dask scheduler answers there ({first_line(error)})"
        raise BackendUnavailable(message) from error
    with client, client.get_executor(pure=False) as executor:
        try:
            yield executor
        except distributed.scheduler.KilledWorker as error:
            message = "a Dask worker died several times over the same trial; --resume keeps the finished trials"
            raise WorkerDied(message) from error
        except BaseException:
            executor.shutdown(wait=False)
            raise
