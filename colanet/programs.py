"""How a program ends: every error as one line a problem, and an exit status."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from typing import Any

import click

from colanet import interruption
from colanet.errors import ColanetError

CLOSED_PIPE = 141
"""Exit status of a process that writes to a pipe without a reader: 128 and SIGPIPE."""


def run_safely(command: click.Command, name: str, arguments: list[str] | None = None) -> None:
    """Run a command; every `ColanetError` becomes one line per problem and exit status 2.

    A signal (Ctrl-C, SIGTERM) ends with 130 or 143, a reader that closed the pipe of standard output with 141, as
    everywhere on POSIX.
    """
    warnings.showwarning = lambda message, *_, **__: complain(f"warning: {message}")
    with interruption.noted(last=arguments is None):
        try:
            _invoke(command, name, arguments)
            interruption.check()
        except click.exceptions.Exit as error:
            sys.exit(error.exit_code)
        except (click.Abort, KeyboardInterrupt) as error:
            interruption.ignore()
            complain("interrupted" + (f"; {error}" if str(error) else ""))
            sys.exit(interruption.status())
        except click.ClickException as error:
            with contextlib.suppress(OSError, ValueError):
                error.show()
            sys.exit(2)
        except ColanetError as error:
            complain(str(error))
            sys.exit(2)
        except MemoryError as error:
            complain(f"not enough memory{f' ({error})' if str(error) else ''}")
            sys.exit(2)
        except OSError as error:
            sys.exit(_failed(error))


def _invoke(command: click.Command, name: str, arguments: list[str] | None) -> None:
    """Parse and run, with every exception as it is; `command.main` turns some into exits of its own."""
    if f"_{name.upper()}_COMPLETE" in os.environ:
        command.main(prog_name=name)
    words = sys.argv[1:] if arguments is None else arguments
    try:
        with command.make_context(name, list(words)) as context:
            command.invoke(context)
    except Exception as error:
        # In the middle of an import a signal becomes an error of whatever was imported.
        if interruption.came():
            raise KeyboardInterrupt from error
        raise


def complain(text: str) -> None:
    """Lines on standard error, if it can still be written to."""
    with contextlib.suppress(OSError, ValueError):
        for line in text.splitlines():
            click.echo(line, err=True)


def _failed(error: OSError) -> int:
    """Exit status after an error that the system reported; prints it unless standard error is closed."""
    if error.filename is not None:
        complain(f"{error.filename}: {error.strerror}")
        return 2
    _mute(sys.stdout)
    if isinstance(error, BrokenPipeError):
        return CLOSED_PIPE
    # Files are named by those who read and write them; what has no name is a stream.
    complain(f"standard output: cannot be written: {error.strerror or error}")
    return 2


def _mute(stream: Any) -> None:
    """Let what a stream still holds go nowhere, so that the end of the process does not complain once more."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
