"""A ball, and a racket that spikes move: a plug-in input and a readout of colanet. All numbers are integers.

The ball flies over a square field and rebounds from three walls; on the left the racket has to meet it. In every
frame (a period of the input) the racket moves by a step, up or down. A ball that is hit or missed gets another
velocity, so that no course repeats itself. A missed ball comes from the middle, at any height.
"""

import numpy as np

from colanet.hashing import draw64
from colanet.observers import Observer
from colanet.readout.rules.votes import Votes

SIDE, CELL, HALF, PACE = 300, 10, 30, 20  # of the field, of a cell, of half the racket, of its step
X, Y, VX, VY, RACKET, MET, NEARED = range(7)
WHEN = {"hit": (MET, 1), "missed": (MET, -1), "nearer": (NEARED, 1), "farther": (NEARED, -1)}


class Moves(Votes):
    """Up (class 1) or down (class 0), whichever OUT's spikes say more often; -1 if they are even."""

    def move(self, frame):
        """Cells that the racket moves in a frame: 1, -1 or 0."""
        return int(np.sign(self.votes[frame, 1] - self.votes[frame, 0]))

    def answers(self):
        return np.where(self.votes[:, 1] == self.votes[:, 0], -1, self.votes.argmax(axis=1))


class World(Observer):
    """The game as 133 nodes; it sees the readout. `log` has a row a frame, its columns are `X` to `NEARED`."""

    name, keeps, size = "ping-pong", ("log",), 133

    def __init__(self, steps, seed):
        self.n_steps, self.seed = steps, seed

    def begin(self, session):
        self.period, self.readout = session.presentation.period, session.readout
        self.log = np.zeros((self.n_steps // self.period + 1, 7), dtype=np.int16)
        self.log[0, RACKET] = SIDE // 2
        self.draw(0, missed=True)

    def cuts(self, start, stop, freeze):
        return range(start - start % self.period, stop, self.period)

    def seen(self, stretch):
        if stretch.stop % self.period == 0 and stretch.stop <= self.n_steps:
            self.play(stretch.stop // self.period - 1)

    def draw(self, frame, missed):
        height, *drawn = (int(n) for n in draw64(self.seed, 4 * frame + np.arange(4)))
        if missed:
            self.log[frame, :VX] = SIDE // 2, height % SIDE
        self.log[frame, VX:RACKET] = 12 + drawn[0] % 7, (3 + drawn[1] % 10) * (-1) ** (drawn[2] % 2)

    def play(self, frame):
        x, y, vx, vy, racket = (int(n) for n in self.log[frame, :MET])
        moved = min(max(racket + PACE * self.readout.move(frame), HALF), SIDE - HALF)
        neared = np.sign(abs(y - racket) - abs(y - moved))
        x, y = x + vx, y + vy
        met = 0 if x >= 0 else 1 if abs(y - moved) <= HALF else -1
        if not 0 <= y < SIDE:
            y, vy = (-y if y < 0 else 2 * SIDE - 2 - y), -vy
        if not 0 <= x < SIDE:
            x, vx = (-x if x < 0 else 2 * SIDE - 2 - x), -vx
        self.log[frame + 1] = x, y, vx, vy, moved, met, neared
        if met:
            self.draw(frame + 1, missed=met < 0)

    def nodes(self, frame):
        """Ball, 30 + 30; its velocity, 9 + 9; racket, 30; 5 x 5 for a ball that is near the racket."""
        x, y, vx, vy, racket = (int(n) for n in self.log[frame, :MET])
        near = [108 + x // 20 * 5 + (y - racket + 50) // 20] if x < 100 and abs(y - racket) < 50 else []
        return [x // CELL, 30 + y // CELL, 60 + (vx + 22) // 5, 69 + (vy + 22) // 5, 78 + racket // CELL, *near]

    def spikes(self, first, last):
        matrix = np.zeros((last - first, self.size), dtype=bool)
        for frame in range(first // self.period, -(-last // self.period)):
            begins = frame * self.period - first
            matrix[max(begins, 0) : max(begins + self.period // 2, 0), self.nodes(frame)] = True
        return matrix

    def beside(self, args, **of_the_input):
        return Dopamine(self, *WHEN[args["when"]])


class Dopamine:
    """One node: it spikes at the first step of a frame, if the one before ended as `WHEN` says."""

    size = 1

    def __init__(self, world, column, sign):
        self.world, self.column, self.sign, self.n_steps = world, column, sign, world.n_steps

    def spikes(self, first, last):
        frame, step = np.divmod(np.arange(first, last), self.world.period)
        return ((step == 0) & (self.world.log[frame, self.column] == self.sign))[:, None]


def make(args, *, name, size, seed, base_dir):
    return World(int(args["steps"]), seed)
