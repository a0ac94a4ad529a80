"""The recurrent network of configs/recurrent.*: a population rhythm of about 20 Hz.

Measured per seed: the number of spikes of all 1,000 neurons per step, over 4 s after half a second of settling;
its mean is taken off; the power spectrum is the mean over Hann windows of 1 s that overlap by half.
"""

from pathlib import Path

import numpy as np
import pytest

import colanet
from colanet.config.model import Network
from colanet.session import Recording

CONFIGS = Path(__file__).parents[2] / "configs"
SETTLE, STEPS, WINDOW = 500, 4500, 1000
SEEDS = range(4)


def network() -> Network:
    return colanet.load(CONFIGS / "recurrent.yaml")


def population_rate(net: Network, seed: int) -> np.ndarray:
    """Spikes of the whole network per step."""
    session = colanet.Session(net, seed=seed, threads=1, recording=Recording(first=SETTLE))
    session.run(STEPS)
    steps = np.concatenate([session.spikes("E"), session.spikes("I")])[:, 0]
    return np.bincount(steps - SETTLE, minlength=STEPS - SETTLE).astype(float)


def spectrum(rate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies in Hz and power, without the constant."""
    pieces = np.lib.stride_tricks.sliding_window_view(rate, WINDOW)[:: WINDOW // 2]
    pieces = (pieces - pieces.mean(axis=1, keepdims=True)) * np.hanning(WINDOW)
    power = (np.abs(np.fft.rfft(pieces, axis=1)) ** 2).mean(axis=0)
    return np.fft.rfftfreq(WINDOW, 1e-3)[1:], power[1:]


def in_band(frequency: np.ndarray) -> np.ndarray:
    return (frequency >= 15) & (frequency <= 25)


def band_share(rate: np.ndarray) -> float:
    """Part of the power (up to 500 Hz) that lies at 15 to 25 Hz; 0.02 of a flat spectrum."""
    frequency, power = spectrum(rate)
    return power[in_band(frequency)].sum() / power.sum()


def autocorrelation(rate: np.ndarray) -> np.ndarray:
    deviation = rate - rate.mean()
    full = np.correlate(deviation, deviation, "full")[len(rate) - 1 :]
    return full / full[0]


def without_inhibition(net: Network) -> Network:
    return net.model_copy(update={"projections": tuple(p for p in net.projections if p.source != "I")})


def test_numbers_that_were_given():
    net = network()
    e, i = net.populations
    assert (e.size, e.tau_m, i.size, i.tau_m) == (700, 10, 300, 3)
    assert (e.threshold_increment, e.threshold_decay) == (1, 30)
    assert {p.source: p.probability for p in net.projections} == {"R": 0.03, "E": 0.1, "I": 0.3}
    assert {p.source: p.weight for p in net.projections if p.source != "R"} == {"E": 1, "I": -10}
    assert {p.delay.uniform for p in net.projections} == {(1, 30)}


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_rhythm_of_about_20_hz(seed):
    """Tolerance: "about 20 Hz" is taken as 15 to 25 Hz. Eight seeds gave 18 or 19 Hz on a grid of 1 Hz, 62 to
    68 % of the power in the band, and an autocorrelation of 0.61 to 0.75 one period on and -0.51 to -0.57 half a
    period on; the limits leave about a third of each."""
    rate = population_rate(network(), seed)
    frequency, power = spectrum(rate)
    assert 15 <= frequency[power.argmax()] <= 25
    assert band_share(rate) > 0.45
    correlation = autocorrelation(rate)
    period = 15 + correlation[15:100].argmax()
    assert 40 <= period <= 67  # 25 to 15 Hz
    assert correlation[period] > 0.4
    assert correlation[period // 2] < -0.3


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS[:2])
def test_rhythm_needs_inhibition_and_delays(seed):
    """The loop E -> I -> E makes it, with its delays; without either less than 2 % of the power is in the band."""
    net = network()
    at_once = tuple(p.model_copy(update={"delay": 1}) for p in net.projections)
    for changed in (without_inhibition(net), net.model_copy(update={"projections": at_once})):
        assert band_share(population_rate(changed, seed)) < 0.05


@pytest.mark.slow
def test_rhythm_does_not_need_excitation_among_e_neurons():
    net = network()
    links = tuple(p for p in net.projections if (p.source, p.target) != ("E", "E"))
    assert band_share(population_rate(net.model_copy(update={"projections": links}), 0)) > 0.45
