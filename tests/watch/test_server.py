"""The server of a page: on this machine alone, to the end of the run and no longer, without a word of its own."""

import errno
import http.client
import json
import os
import socket
import sys
import threading
from urllib.parse import urlsplit

import pytest

from colanet.errors import BackendUnavailable, ConfigError, Problem
from colanet.extras import need
from colanet.watch.board import Board
from colanet.watch.server import Server
from colanet.watch.watching import watching
from tests.watch import LIBRARIES, PERIOD, ROOT, session_of

for library in LIBRARIES:
    pytest.importorskip(library, reason='pip install "colanet[watch]" brings it')

SMALL = ("configs/mnist.yaml", "--train", "60", "--test", "20", "--copies", "1", "--engine", "numba", "--json")


def asked(address, path, host=None, method="GET"):
    """Status, headers and body of an answer."""
    place = urlsplit(address)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=30)
    connection.request(method, path, headers={"Host": host or place.netloc})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), body


@pytest.fixture
def board():
    return Board("toy")


@pytest.fixture
def address(board):
    with Server(board) as server:
        yield server.address


def test_everything_comes_from_here_and_nothing_from_elsewhere(address):
    for path, kind in (
        ("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript"),
        ("/plotly.js", "text/javascript"), ("/state.json", "application/json"),
    ):  # fmt: skip
        status, headers, body = asked(address, path)
        assert status == 200
        assert headers["content-type"].startswith(kind)
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
        assert headers["cross-origin-resource-policy"] == "same-origin"
        if kind == "text/html":
            assert b"http" not in body
    assert asked(address, "/none")[0] == 404
    assert asked(address, "/state.json", method="POST")[0] == 405


@pytest.mark.parametrize(
    ("host", "status"),
    [("evil.example", 400), ("127.0.0.1.evil.example:80", 400), ("localhost", 200), ("127.0.0.1", 200)],
)  # fmt: skip
def test_only_names_of_this_machine_are_answered(address, board, host, status):
    code, _, body = asked(address, "/state.json", host)
    assert code == status
    assert board.watched == (status == 200)
    assert (b"toy" in body) == (status == 200)


def test_it_listens_on_this_machine_alone(address):
    assert urlsplit(address).hostname == "127.0.0.1"
    with socket.socket() as other:  # an address of this machine, but not that one
        other.settimeout(5)
        assert other.connect_ex(("127.0.0.2", urlsplit(address).port)) != 0


def test_a_question_waits_for_news(address, board):
    first = json.loads(asked(address, "/state.json")[2])
    assert (first["title"], first["end"], first["number"]) == ("toy", "", "0")
    found = []
    thread = threading.Thread(target=lambda: found.append(asked(address, f"/state.json?since={first['mark']}")))
    thread.start()
    thread.join(0.5)
    assert thread.is_alive()
    board.say("news")
    thread.join(30)
    assert json.loads(found[0][2])["messages"] == ["news"]


def test_a_session_is_shown_while_it_runs_and_its_end_is_told():
    said, ends = [], []
    with watching("toy", None, said.append) as watcher:
        address = said[0].removeprefix("watch it at ")
        session = session_of(watcher)
        asked(address, "/state.json")
        session.proceed(30 * PERIOD)
        state = json.loads(asked(address, "/state.json")[2])
        assert (state["done"], state["total"], state["phase"]) == (30, 30, "learning")
        assert len(state["fields"]["mosaic"]["neurons"]) == 20
        mark = state["mark"]

        def follow(mark=mark):
            while not ends:
                state = json.loads(asked(address, f"/state.json?since={mark}")[2])
                mark = state["mark"]
                if state["end"]:
                    ends.append(state)

        thread = threading.Thread(target=follow)
        thread.start()
        session.proceed()
    thread.join(30)
    assert ends[0]["end"] == "The run has ended."
    assert ends[0]["done"] == 40
    with pytest.raises(OSError, match=r".*"):
        asked(address, "/")
    assert [t.name for t in threading.enumerate() if t.name == "colanet watch"] == []


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (KeyboardInterrupt(), "The run was interrupted."),
        (ConfigError([Problem("bad"), Problem("worse")]), "The run has failed: bad"),
    ],
)
def test_what_ended_a_run_is_told(error, told):
    with pytest.raises(type(error)), watching("toy", None, lambda text: None) as watcher:
        raise error
    assert watcher.board.end == told


# --------------------------------------------------------------------- commands


@pytest.mark.parametrize("command", ["run", "continual"])
def test_a_port_that_is_taken_is_one_line_before_anything_runs(call, tmp_path, command, monkeypatch):
    monkeypatch.chdir(ROOT)
    file = {"run": "configs/mnist.yaml", "continual": "experiments/letters.yaml"}[command]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        words = (command, file, "--watch", "--watch-port", port, "--out", tmp_path / "out")
        status, out, err = call(*words)
    assert (status, out) == (2, "")
    assert err == f"--watch-port {port}: {os.strerror(errno.EADDRINUSE)}; expected a free port\n"
    assert not (tmp_path / "out").exists()
    assert call(command, file, "--watch-port", 9) == (2, "", "--watch-port needs --watch\n")


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_that_is_missing_is_named_with_its_extra(call, library, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setitem(sys.modules, library, None)
    status, out, err = call("run", *SMALL, "--watch")
    assert (status, out) == (2, "")
    assert err == f'{library} is not installed: pip install "colanet[watch]"\n'
    with pytest.raises(BackendUnavailable):
        need(library, "watch")


def test_the_command_prints_its_result_and_the_address(call, monkeypatch):
    monkeypatch.chdir(ROOT)
    plain = call("run", *SMALL, "--quiet")
    status, out, err = call("run", *SMALL, "--quiet", "--watch")
    assert status == plain[0] == 0
    assert json.loads(out)["digest"] == json.loads(plain[1])["digest"]
    assert err.startswith("watch it at http://127.0.0.1:")
    assert err.count("\n") == 1


def test_the_command_of_several_tasks_shows_what_it_says(call, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    boards, finish = [], Board.finish
    monkeypatch.setattr(Board, "finish", lambda self, how: boards.append(self) or finish(self, how))
    words = ["experiments/permuted_mnist.yaml", "--variant", "15 microcolumns", "--seeds", "0", "--copies", "1"]
    words += ["--train", "20", "--test", "10", "--engine", "numba", "--watch", "--quiet", "--out", tmp_path]
    status, _, err = call("continual", *words)
    assert (status, err.count("\n")) == (0, 1)
    (board,) = boards
    assert board.messages[0] == "15 microcolumns, seed 0: 10 tasks"
    assert (board.done, board.end) == (board.total, "The run has ended.")
