"""A headless Chromium for the tests of pages."""

import shutil
import time

import pytest

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
there = pytest.mark.skipif(
    not (BROWSER and DRIVER), reason="apt-get install chromium chromium-driver brings Chromium"
)


class Tab:
    """A page in a browser."""

    def __init__(self, driver):
        self.driver = driver

    def open(self, address, width, scheme, ready="document.documentElement.dataset.ready === 'yes'"):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.get(address)
        self.wait(f"return {ready}")

    def js(self, code):
        return self.driver.execute_script(code)

    def wait(self, code, seconds=30):
        end = time.monotonic() + seconds
        while not self.js(code):
            assert time.monotonic() < end, code
            time.sleep(0.05)


def tabs():
    """One tab, closed when the generator is."""
    webdriver = pytest.importorskip("selenium.webdriver", reason='pip install "colanet[test]" brings selenium')
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield Tab(driver)
    driver.quit()
