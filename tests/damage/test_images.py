"""Noise on pixels: worked by hand, nested, within its bounds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from colanet import hashing
from colanet.damage import images as images_module
from colanet.damage import noisy_pixels, salt_and_pepper
from colanet.damage.chance import Draw, key_of, normal
from colanet.errors import ConfigError, DataError

GREY = np.full((30, 40), 128, dtype=np.uint8)


def test_salt_and_pepper_by_hand():
    """The upper 63 bits of a hash decide whether, the lowest one which."""
    found = salt_and_pepper(GREY, 0.25, seed=2)
    drawn = hashing.draw64(key_of(2, 0, 0, Draw.SALT_AND_PEPPER), np.arange(1200)).tolist()
    expected = [(255 if one & 1 else 0) if one >> 1 < 1 << 61 else 128 for one in drawn]
    assert found.reshape(-1).tolist() == expected
    assert found.shape == GREY.shape
    assert (GREY == 128).all()


@given(st.lists(st.floats(0, 1), min_size=2, max_size=2).map(sorted))
def test_pixels_of_a_level_are_among_those_of_a_higher_one(shares):
    few, many = (salt_and_pepper(GREY, share) for share in shares)
    np.testing.assert_array_equal(many[few != 128], few[few != 128])


def test_its_ends():
    np.testing.assert_array_equal(salt_and_pepper(GREY, 0.0), GREY)
    assert set(np.unique(salt_and_pepper(GREY, 1.0))) == {0, 255}


def test_noise_on_pixels_by_hand():
    shown = np.arange(200, dtype=np.uint8).reshape(20, 10)
    found = noisy_pixels(shown, 40.0, seed=2)
    z = normal(key_of(2, 0, 0, Draw.PIXEL_NOISE), np.arange(200)).tolist()
    expected = [min(max(pixel + (40 * x + 32768) // 65536, 0), 255) for pixel, x in enumerate(z)]
    assert found.reshape(-1).tolist() == expected
    assert {0} < set(expected)
    np.testing.assert_array_equal(noisy_pixels(shown, 0.0), shown)


@pytest.mark.parametrize("disturb", [lambda a: salt_and_pepper(a, 0.3), lambda a: noisy_pixels(a, 30.0)])
def test_chunks_do_not_count(disturb, monkeypatch):
    whole = disturb(GREY)
    np.testing.assert_array_equal(disturb(GREY[:10]), whole[:10])
    np.testing.assert_array_equal(disturb(GREY[:, ::2]), disturb(np.ascontiguousarray(GREY[:, ::2])))
    monkeypatch.setattr(images_module, "CHUNK", 7)
    np.testing.assert_array_equal(disturb(GREY), whole)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: salt_and_pepper(GREY, 1.5), ConfigError, "salt_and_pepper: 1.5 is out of range, expected 0 to 1"),
        (lambda: noisy_pixels(GREY, -1), ConfigError, "noisy_pixels: -1 is out of range, expected 0 to 1000"),
        (lambda: salt_and_pepper(GREY / 255, 0.1), DataError, "images of float64, expected an array of uint8"),
        (lambda: noisy_pixels([[1]], 1.0), DataError, "images of list, expected an array of uint8"),
        (lambda: noisy_pixels(GREY, 1.0, seed=1.5), ConfigError, "seed: expected a whole number, 0 to "),
    ],
)
def test_what_is_refused(call, kind, message):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
