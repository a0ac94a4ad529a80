"""The pages of docs/report.md in a headless Chromium: nothing fails, a neuron answers, both themes, both widths."""

import pytest

from tests import browser

pytestmark = [pytest.mark.slow, browser.there]


def drawn(tab):
    """Scroll to every chart outside of closed decisions and wait until it is there."""
    charts = "[...document.querySelectorAll('.plot')].filter((p) => p.checkVisibility())"
    for i in range(tab.js(f"return {charts}.length")):
        tab.js(f"{charts}[{i}].scrollIntoView()")
        tab.wait(f"return {charts}[{i}].querySelector('.main-svg') !== null")


def test_pages_open_in_a_browser(folder, tab):
    tab.open((folder / "report.html").as_uri(), 1280, "light")
    drawn(tab)
    light = tab.js("return getComputedStyle(document.body).backgroundColor")
    assert tab.js("return document.querySelector('#card').hidden")
    tab.js("document.querySelector('.tile[data-neuron=\"17\"]').click()")
    card = tab.js("return document.querySelector('#card').innerText")
    assert card.splitlines()[1] == "neuron 17"
    for word in ("threshold", "stability", "spikes, 200 images", "column"):
        assert word in card
    assert tab.js("return document.querySelector('.tile.kept').dataset.neuron") == "17"
    tab.js("document.querySelector('#card button').click()")
    assert tab.js("return document.querySelector('#card').hidden")
    tab.js("document.querySelector('details.decision').open = true")
    drawn(tab)
    ink = "return getComputedStyle(document.querySelector('.plot .xtick text')).fill"
    before = tab.js(ink)
    # The scheme changes while the page is open.
    features = [{"name": "prefers-color-scheme", "value": "dark"}]
    tab.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    tab.wait(f"return (() => {{ {ink} }})() !== {before!r}")
    assert tab.js("return getComputedStyle(document.body).backgroundColor") != light
    for name in ("compared", "letters"):
        tab.open((folder / f"{name}.html").as_uri(), 390, "dark")
        drawn(tab)
        assert tab.js("return document.documentElement.scrollWidth") == 390
    choose = "s.value = '0'; s.dispatchEvent(new Event('change'))"
    shown = "return getComputedStyle(document.querySelector('.tile')).backgroundImage"
    after = tab.js(shown)
    tab.js(f"const s = document.querySelector('.stage select'); {choose}")
    assert tab.js(shown) != after
    assert tab.driver.get_log("browser") == []
