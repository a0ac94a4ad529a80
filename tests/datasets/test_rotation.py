"""Turned pictures: by hand, against the formula in fractions, and the same bytes everywhere."""

import hashlib
import math
from fractions import Fraction

import numpy as np
import pytest

from colanet.datasets.rotation import ONE, cosine, rotation
from colanet.errors import DataError

PICTURES = np.random.default_rng(3).integers(0, 256, (3, 5, 4)).astype(np.uint8)


def turned(pictures, degrees):
    n, *shape = pictures.shape
    return rotation(tuple(shape), degrees)(pictures.reshape(n, -1)).reshape(pictures.shape)


def test_quarters_are_exact():
    square = PICTURES[:, :4]
    for quarters in range(-4, 5):
        np.testing.assert_array_equal(turned(square, 90 * quarters), np.rot90(square, quarters, axes=(1, 2)))
    np.testing.assert_array_equal(turned(PICTURES, 0), PICTURES)
    np.testing.assert_array_equal(turned(PICTURES, 180), PICTURES[:, ::-1, ::-1])
    # What the quarter turn brings out of the picture is lost, and what it brings in is black.
    wide = np.full((1, 1, 3), 200, np.uint8)
    np.testing.assert_array_equal(turned(wide, 90), [[[0, 200, 0]]])


def test_an_eighth_by_hand():
    """The corner comes from sqrt(2) pixels above the centre: of the rows -1 and 0, 7/16 and 9/16."""
    picture = np.zeros((1, 3, 3), np.uint8)
    picture[0, 0, 1] = 160
    corner = (160 * 9 * 16 + 128) // 256
    found = turned(picture, 45)[0]
    assert found[0, 0] == corner == 90
    # The middle of the upper edge comes from (1 - sqrt(1/2), 1 + sqrt(1/2)), in sixteenths (5, 27).
    assert found[0, 1] == (160 * 11 * 5 + 128) // 256
    assert found[1, 1] == 0


@pytest.mark.parametrize("degrees", [1, 20, 45, 137, -33, 400])
def test_the_formula_in_fractions(degrees):
    c, s = (Fraction(cosine(degrees - quarter), ONE) for quarter in (0, 90))
    height, width = PICTURES.shape[1:]
    cy, cx = Fraction(height - 1, 2), Fraction(width - 1, 2)
    expected = np.zeros_like(PICTURES)
    for y in range(height):
        for x in range(width):
            place = cy + c * (y - cy) + s * (x - cx), cx + c * (x - cx) - s * (y - cy)
            down, right = (Fraction(math.floor(16 * value + Fraction(1, 2)), 16) for value in place)
            for k, picture in enumerate(PICTURES):
                total = sum(
                    max(0, 1 - abs(row - down)) * max(0, 1 - abs(column - right)) * int(picture[row, column])
                    for row in range(height)
                    for column in range(width)
                )
                expected[k, y, x] = math.floor(total + Fraction(1, 2))
    np.testing.assert_array_equal(turned(PICTURES, degrees), expected)


def test_every_machine_rounds_cosines_alike():
    """No cosine lies so close to a half that another library could round it the other way."""
    parts = [math.cos(math.radians(d)) * ONE for d in range(360)]
    assert min(abs(part % 1 - 0.5) for part in parts) > 1e-3
    assert (cosine(60), cosine(90), cosine(180), cosine(-360)) == (ONE // 2, 0, -ONE, ONE)


def test_the_tables_are_these_bytes():
    total = hashlib.sha256()
    for degrees in range(360):
        table = rotation((28, 28), degrees)
        total.update(table.places.astype("<i8").tobytes() + table.weights.astype("<u2").tobytes())
    assert total.hexdigest()[:16] == "24a5afdf058b408a"


def test_weights_are_whole_inside_and_less_at_the_edge():
    table = rotation((28, 28), 33)
    sums = table.weights.sum(axis=0).reshape(28, 28)
    assert (sums[8:20, 8:20] == 256).all()
    assert (sums <= 256).all()
    assert sums[0, 0] == 0
    bright = np.full((1, 784), 255, np.uint8)
    assert (table(bright).reshape(28, 28)[8:20, 8:20] == 255).all()


def test_channels_turn_each_alone():
    coloured = np.random.default_rng(0).integers(0, 256, (2, 6, 5, 3)).astype(np.uint8)
    found = turned(coloured, 20)
    for channel in range(3):
        np.testing.assert_array_equal(found[..., channel], turned(coloured[..., channel], 20))


def test_features_are_no_pictures():
    with pytest.raises(DataError, match=r"samples of shape \(9,\), expected pictures"):
        rotation((9,), 20)
