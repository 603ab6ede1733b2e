"""Chromium for tests: one for all tests of a worker, since its start takes longer than most of them."""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from tests.conftest import find_binary

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
_HEIGHT = "return document.documentElement.scrollHeight"
SIZES = {"wide": (1280, 900), "narrow": (390, 844)}


class Browser:
    """Chromium, driven from a thread; keeps screenshots where SCREENSHOTS says."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self._driver = driver

    async def do(self, work: Callable[[webdriver.Chrome], Any]) -> Any:
        return await asyncio.to_thread(work, self._driver)

    async def go(self, url: str) -> None:
        await self.do(lambda driver: driver.get(url))

    async def command(self, name: str, options: dict[str, Any]) -> None:
        await asyncio.to_thread(self._driver.execute_cdp_cmd, name, options)

    async def click(self, selector: str) -> None:
        await self.do(lambda driver: driver.find_element(By.CSS_SELECTOR, selector).click())

    async def keep(self, name: str, value: str) -> None:
        """Return a cookie."""
        await asyncio.to_thread(self._driver.add_cookie, {"name": name, "value": value})

    async def text(self, selector: str = "main") -> str:
        return str(await self.do(lambda driver: driver.find_element(By.CSS_SELECTOR, selector).text))

    async def fits(self) -> bool:
        """Return whether the page is no wider than the window, and its pictures are there."""
        script = "return document.documentElement.scrollWidth <= window.innerWidth"
        return bool(await self.do(lambda driver: driver.execute_script(script)))

    async def complaints(self) -> list[str]:
        """Return the messages of the browser's console, such as a violated policy."""
        get_log: Any = self._driver.get_log
        return [str(entry["message"]) for entry in await asyncio.to_thread(get_log, "browser")]

    async def resize(self, width: int, height: int) -> None:
        """Make the window so many pixels large."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self.command("Emulation.setDeviceMetricsOverride", metrics)

    async def look(self, name: str) -> None:
        """Check that the page fits: light and dark, wide and narrow."""
        for size, (width, height) in SIZES.items():
            await self.resize(width, height)
            await self.resize(width, int(await self.do(lambda d: d.execute_script(_HEIGHT))))
            for scheme in ("light", "dark"):
                media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
                await self.command("Emulation.setEmulatedMedia", media)
                assert await self.fits(), f"{name} is too wide when {size}"
                folder = os.environ.get("SCREENSHOTS")
                if folder:
                    path = str(Path(folder) / f"{name}-{size}-{scheme}.png")
                    await asyncio.to_thread(self._driver.save_screenshot, path)


@contextmanager
def chromium(profile: Path) -> Iterator[webdriver.Chrome]:
    """Start Chromium with a profile of its own."""
    options = Options()
    options.binary_location = find_binary("chromium")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(find_binary("chromedriver")))
    driver.implicitly_wait(100)
    try:
        yield driver
    finally:
        driver.quit()
