"""A server of one page, on this machine alone, in a thread of the process whose run it shows."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from colanet.errors import ConfigError, Problem
from colanet.extras import need
from colanet.report.page import environment, script, text_of
from colanet.version import __version__
from colanet.watch.board import Board
from colanet.watch.view import View

HOST = "127.0.0.1"
EXTRA = "watch"
PAGE = Path(__file__).with_name("page")
PATIENCE_SECONDS = 10.0
"""Longest time until a question is answered although nothing is new."""
LOOK_SECONDS = 0.1
"""Time between two looks at whether anything is new."""
END_SECONDS = 2.0
"""For so long an open page is waited for, to be told the end."""
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def bound(port: int | None) -> socket.socket:
    """A socket of this machine alone; ConfigError if the port is not free."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if os.name == "posix":  # elsewhere it would let two programs have the port
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((HOST, port or 0))
        made.listen()
    except OSError as error:
        made.close()
        reason = error.strerror or error
        raise ConfigError(Problem(f"{reason}; expected a free port", f"--watch-port {port}")) from error
    return made


def application(board: Board) -> Any:
    """The page and the state of a board, for browsers that call this machine by its own name."""
    need("starlette", EXTRA)
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.requests import Request
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route

    view = View(board)

    async def state(request: Request) -> Response:
        since, until = request.query_params.get("since"), time.monotonic() + PATIENCE_SECONDS
        while since == board.mark and not board.end and time.monotonic() < until:
            board.asked()
            if await request.is_disconnected():
                break
            await asyncio.sleep(LOOK_SECONDS)
        board.asked()
        found = view.state(request.query_params.get("fields", ""))
        if found["end"]:
            board.known.set()
        return JSONResponse(found, headers=HEADERS)

    def fixed(content: str | bytes, kind: str) -> Any:
        async def answer(request: Request) -> Response:
            return Response(content, media_type=kind, headers=HEADERS)

        return answer

    def own(name: str) -> str:
        return (PAGE / name).read_text(encoding="utf-8")

    page = environment(PAGE).get_template("index.html").render(title=board.title, version=__version__)
    return Starlette(
        routes=[
            Route("/", fixed(page, "text/html")),
            Route("/page.css", fixed(text_of("page.css") + own("watch.css"), "text/css")),
            Route("/page.js", fixed(text_of("tools.js") + own("watch.js"), "text/javascript")),
            Route("/plotly.js", fixed(script(EXTRA), "text/javascript")),
            Route("/state.json", state),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"], www_redirect=False)],
    )


class Server:
    """Serves a board while a block lasts.

    Parameters
    ----------
    board : Board
    port : int or None
        None: any that is free.

    Raises
    ------
    ConfigError
        If the port is not free.
    BackendUnavailable
        If a library is missing.
    """

    def __init__(self, board: Board, port: int | None = None) -> None:
        need("uvicorn", EXTRA)
        import uvicorn

        self.board, made = board, application(board)
        self.socket = bound(port)
        # Nothing of it may be printed: the terminal belongs to the run.
        settings = uvicorn.Config(
            made, log_config=None, log_level="critical", access_log=False, lifespan="off", http="h11", ws="none",
            loop="asyncio", timeout_graceful_shutdown=1,
        )  # fmt: skip
        self.server = uvicorn.Server(settings)
        self.thread = threading.Thread(
            target=self.server.run, kwargs={"sockets": [self.socket]}, name="colanet watch", daemon=True
        )

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self.socket.getsockname()[1]}/"

    def __enter__(self) -> Server:
        self.thread.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.board.end and self.board.watched:
            self.board.known.wait(END_SECONDS)
        self.server.should_exit = True
        self.thread.join(END_SECONDS)
        self.socket.close()
