"""Asking a session for what is not there names what is."""

from pathlib import Path

import pytest

import colanet
from colanet.session import Recording, Session

PUBLISHED = Path(__file__).parent / "plan" / "published.nnc"


@pytest.fixture(scope="module")
def session():
    return Session(
        colanet.load(PUBLISHED), train=3, test=1, copies=2, engine="reference", recording=Recording(("OUT", "R"))
    )


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda s: s.weights("X"), "there is no plastic projection X; there are R->L"),
        (lambda s: s.weights("R"), "there is no plastic projection R; there are R->L"),
        (lambda s: s.resources("L->OUT"), "there is no plastic projection L->OUT; there are R->L"),
        (lambda s: s.weights("R->L", 2), "there is no copy 2, expected 0..1"),
        (lambda s: s.weights("R->L", -1), "there is no copy -1, expected 0..1"),
        (lambda s: s.thresholds("X"), "there is no population X; there are L, OUT, BIASGATE"),
        (lambda s: s.thresholds("R"), "there is no population R; there are L, OUT, BIASGATE"),
        (lambda s: s.thresholds("L", 7), "there is no copy 7, expected 0..1"),
        (lambda s: s.stability("OUT"), "there is no plastic population OUT; there are L"),
        (lambda s: s.stability("L", 2), "there is no copy 2, expected 0..1"),
        (lambda s: s.spikes("L"), "L of copy 0 is not recorded; recorded (copy/section): 0/R, 0/OUT, 1/OUT"),
        (lambda s: s.spikes("R", 1), "R of copy 1 is not recorded; recorded (copy/section): 0/R, 0/OUT, 1/OUT"),
    ],
)
def test_what_is_not_there_names_what_is(session, ask, message):
    with pytest.raises(KeyError) as caught:
        ask(session)
    assert caught.value.args == (message,)


def test_without_a_recording_there_is_nothing():
    plain = Session(colanet.load(PUBLISHED), train=1, test=0, copies=1, engine="reference")
    with pytest.raises(KeyError, match=r"recorded \(copy/section\): nothing"):
        plain.spikes("L")
