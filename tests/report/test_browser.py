"""The pages of docs/report.md in a headless Chromium: nothing fails, a neuron answers, both themes, both widths."""

import shutil
import time

import pytest

webdriver = pytest.importorskip("selenium.webdriver", reason='pip install "colanet[test]" brings selenium')
BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (BROWSER and DRIVER), reason="apt-get install chromium chromium-driver brings Chromium"),
]


class Tab:
    """A page in a browser."""

    def __init__(self, driver):
        self.driver = driver

    def open(self, path, width, scheme):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.get(path.as_uri())
        self.wait("return document.documentElement.dataset.ready === 'yes'")

    def js(self, code):
        return self.driver.execute_script(code)

    def wait(self, code, seconds=30):
        end = time.monotonic() + seconds
        while not self.js(code):
            assert time.monotonic() < end, code
            time.sleep(0.05)


@pytest.fixture(scope="module")
def tab():
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield Tab(driver)
    driver.quit()


def drawn(tab):
    """Scroll to every chart outside of closed decisions and wait until it is there."""
    charts = "[...document.querySelectorAll('.plot')].filter((p) => p.checkVisibility())"
    for i in range(tab.js(f"return {charts}.length")):
        tab.js(f"{charts}[{i}].scrollIntoView()")
        tab.wait(f"return {charts}[{i}].querySelector('.main-svg') !== null")


def test_pages_open_in_a_browser(folder, tab):
    tab.open(folder / "report.html", 1280, "light")
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
        tab.open(folder / f"{name}.html", 390, "dark")
        drawn(tab)
        assert tab.js("return document.documentElement.scrollWidth") == 390
    choose = "s.value = '0'; s.dispatchEvent(new Event('change'))"
    shown = "return getComputedStyle(document.querySelector('.tile')).backgroundImage"
    after = tab.js(shown)
    tab.js(f"const s = document.querySelector('.stage select'); {choose}")
    assert tab.js(shown) != after
    assert tab.driver.get_log("browser") == []
