"""The browser that the tests of a worker share; each test finds it without cookies, and as large as at first."""

from collections.abc import Iterator
from typing import Any

import pytest
from selenium import webdriver

from tests.web.browsing import Browser, chromium


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with chromium(tmp_path_factory.mktemp("chromium")) as running:
        yield running


@pytest.fixture
def browser(driver: webdriver.Chrome) -> Browser:
    driver.get("about:blank")
    forget: Any = driver.execute_cdp_cmd
    forget("Network.clearBrowserCookies", {})
    forget("Emulation.clearDeviceMetricsOverride", {})
    forget("Emulation.setEmulatedMedia", {"features": []})
    get_log: Any = driver.get_log
    get_log("browser")  # its content is from the test before
    return Browser(driver)
