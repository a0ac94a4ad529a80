"""Compiled feature layer: patches, competitive learning, and the features of images. Integers only.

The products of a patch with all prototypes are summed in 32-bit floats, where vector units are widest: all partial
sums are whole numbers below 2^24 (see `colanet.units.LARGEST_PATCH`), so they are exact in any order.
"""

from __future__ import annotations

import numpy as np

from colanet.compiled import entry, inlined


@inlined
def root(square):
    """Largest whole number whose square is at most `square`, which is below 2^52."""
    r = np.int64(np.sqrt(np.float64(square)))
    while r * r > square:
        r -= 1
    while (r + 1) * (r + 1) <= square:
        r += 1
    return r


@inlined
def take_patch(image, y, x, side, patch):
    """The patch around a place, zeros outside the image; n |x - mean(x)|^2 of its n numbers, and their sum."""
    half = side // 2
    channels = image.shape[2]
    total, squares, i = 0, 0, 0
    for dy in range(side):
        for dx in range(side):
            row, column = y + dy - half, x + dx - half
            inside = 0 <= row < image.shape[0] and 0 <= column < image.shape[1]
            for c in range(channels):
                value = np.int64(image[row, column, c]) if inside else 0
                patch[i] = value
                total += value
                squares += value * value
                i += 1
    return len(patch) * squares - total * total, total


@entry
def encode(images, side, prototypes, factor, shift, least, threshold, most, pool, patch, sums, winners, out):
    """Features of images, see `colanet.encoding.features.FeatureLayer.encode`.

    `images` (n, height, width, channels) uint8; `prototypes` (numbers of a patch, prototypes) float32; `out`
    (n, prototypes, rows, columns) uint8, zeros. `patch`, `sums` and `winners` are scratch: int64 of the numbers of
    a patch, float32 of the prototypes, int64 (most, 2).
    """
    numbers, n_prototypes = prototypes.shape
    for k in range(len(images)):
        for y in range(images.shape[1]):
            for x in range(images.shape[2]):
                square, _ = take_patch(images[k], y, x, side, patch)
                if square <= 0:
                    continue
                contrast = max(root(square), least) << shift
                for p in range(n_prototypes):
                    sums[p] = np.float32(0.0)
                for i in range(numbers):
                    if patch[i] != 0:
                        value = np.float32(patch[i])
                        for p in range(n_prototypes):
                            sums[p] += value * prototypes[i, p]
                # A sum reaches the threshold from here on; whole numbers, so the comparison is exact.
                needed = np.float32((threshold * contrast + factor - 1) // factor)
                found = 0
                for p in range(n_prototypes):
                    if sums[p] < needed:
                        continue
                    value = np.int64(sums[p])
                    if found < most:
                        j = found
                        found += 1
                    elif value > winners[found - 1, 0]:
                        j = found - 1
                    else:
                        continue
                    while j > 0 and winners[j - 1, 0] < value:
                        winners[j, 0] = winners[j - 1, 0]
                        winners[j, 1] = winners[j - 1, 1]
                        j -= 1
                    winners[j, 0] = value
                    winners[j, 1] = p
                for j in range(found):
                    value = min(winners[j, 0] * factor // contrast, 255)
                    p = winners[j, 1]
                    if value > out[k, p, y // pool, x // pool]:
                        out[k, p, y // pool, x // pool] = value


@entry
def sample(images, side, places, least, patch, out):
    """Directions of patches: of the numbers x of a patch, 2^15 (x - mean(x)) / |x - mean(x)|, truncated.

    `places` int64 (n,) number image, row and column together; those of a contrast below `least` are passed over.
    Fills `out` int64 (wanted, numbers of a patch); the number of patches found.
    """
    found = 0
    height, width = images.shape[1], images.shape[2]
    for i in range(len(places)):
        if found == len(out):
            break
        k, place = places[i] // (height * width), places[i] % (height * width)
        square, total = take_patch(images[k], place // width, place % width, side, patch)
        if square < least * least or square <= 0:
            continue
        length = root(len(patch) * square)  # of the numbers n x - sum(x)
        for e in range(len(patch)):
            out[found, e] = ((len(patch) * patch[e] - total) << 15) // length
        found += 1
    return found


@entry
def compete(patches, prototypes, wins, handicaps, slowest, forget):
    """Competitive learning, one patch after the other, see `colanet.encoding.features.fit`.

    `patches` int64 (n, numbers), of length 2^15; `prototypes` int64 (prototypes, numbers), of the same length, and
    `wins`, `handicaps` int64 (prototypes,) are changed.
    """
    for k in range(len(patches)):
        best, winner = np.int64(-(1 << 62)), 0
        for p in range(len(prototypes)):
            match = np.int64(0)
            for i in range(patches.shape[1]):
                match += patches[k, i] * prototypes[p, i]
            match -= handicaps[p]
            if match > best:
                best, winner = match, p
        for p in range(len(prototypes)):
            handicaps[p] -= handicaps[p] >> forget
        handicaps[winner] += 1 << (30 - forget)
        wins[winner] += 1
        slow = min(wins[winner], slowest)
        square = np.int64(0)
        for i in range(patches.shape[1]):
            prototypes[winner, i] += (patches[k, i] - prototypes[winner, i]) // slow
            square += prototypes[winner, i] * prototypes[winner, i]
        length = max(root(square), 1)
        for i in range(patches.shape[1]):
            prototypes[winner, i] = (prototypes[winner, i] << 15) // length
