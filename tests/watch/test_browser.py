"""The page of docs/watch.md in a headless Chromium: elements, a neuron that answers, a server that comes back."""

import pytest

from colanet.watch.board import Board
from colanet.watch.server import Server
from colanet.watch.watcher import Watcher
from tests import browser
from tests.watch import LIBRARIES, PERIOD, session_of, wait

for library in LIBRARIES:
    pytest.importorskip(library, reason='pip install "colanet[watch]" brings it')

pytestmark = [pytest.mark.slow, browser.there]


def text(tab, name):
    return tab.js(f"return document.querySelector('{name}').innerText")


def status(tab, expected):
    tab.wait(f"return document.querySelector('#status').textContent === {expected!r}", 60)


def shown(tab, watcher):
    """Put the present on the page."""
    before = tab.js("return document.documentElement.dataset.number")
    wait(lambda: watcher.board.watched)
    watcher.look()
    tab.wait(f"return document.documentElement.dataset.number !== {before!r}")


def refused(entry):
    return "ERR_CONNECTION_REFUSED" in entry["message"] or "state.json" in entry["message"]


def test_a_page_follows_its_run(tab):
    board = Board("first")
    watcher = Watcher(board)
    session = session_of(watcher)
    with Server(board) as server:
        address, port = server.address, server.socket.getsockname()[1]
        tab.open(address, 1280, "light", "document.querySelector('#status').textContent === 'live'")
        assert text(tab, "#note") == "Nothing is known yet."
        wait(lambda: board.watched)
        session.proceed(20 * PERIOD)  # somebody looks: its spikes are counted
        tab.wait("return document.documentElement.dataset.number === '1'")
        tab.wait("return document.querySelectorAll('.plot .main-svg').length >= 2")
        assert tab.js("return [...document.querySelectorAll('.chart')].map((c) => c.id)") == [
            "chart-learning", "chart-spikes",
        ]  # fmt: skip
        assert text(tab, "h1") == "first"
        assert text(tab, "#phase") == "learning"
        assert text(tab, "#cards").split("\n")[:2] == ["images", "20 of 20"]
        assert tab.js("return document.querySelectorAll('.column').length") == 10
        assert tab.js("return document.querySelectorAll('.tile').length") == 20
        facts_follow_a_neuron(tab, watcher, session)
        assert tab.driver.get_log("browser") == []

        tab.open(address, 390, "dark", "document.querySelectorAll('.tile').length === 20")  # all is there again
        assert tab.js("return document.documentElement.scrollWidth") == 390
        assert tab.driver.get_log("browser") == []
    status(tab, "not reachable, trying again")
    assert tab.js("return document.querySelectorAll('.tile').length") == 20
    ends_with_another_run(tab, port)


def facts_follow_a_neuron(tab, watcher, session):
    """A click shows what is known of a neuron, and the next snapshot what has become of it."""
    for number in (1, 2):
        if number == 2:
            session.proceed(30 * PERIOD)
            shown(tab, watcher)
        else:
            tab.js("document.querySelector('.tile[data-neuron=\"7\"]').click()")
        lines = text(tab, "#card").split("\n")
        facts = dict(zip(lines[2::2], lines[3::2], strict=True))
        assert lines[1] == "neuron 7"
        assert facts["column"] == "3"
        assert facts["threshold"] == f"{session.thresholds('L')[7]:.3f}"
        assert facts["stability"] == f"{session.stability('L')[7]:.3f}"
    tab.js("document.querySelector('#card button').click()")
    assert tab.js("return document.querySelector('#card').hidden")


def ends_with_another_run(tab, port):
    """A server that comes back is found; the page of a run that has ended stays as it was."""
    board = Board("second")
    with Server(board, port):
        tab.wait("return document.querySelector('h1').textContent === 'second'", 60)
        status(tab, "live")
        board.finish("The run has ended.")
        status(tab, "The run has ended.")
    assert {entry["source"] for entry in tab.driver.get_log("browser") if not refused(entry)} == set()
    assert text(tab, "#status") == "The run has ended."
