"""The mini game in a real browser: a placeholder, a refusal, a consent that is remembered."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

from tests.web.browsing import Browser
from tests.web.serving import Served, until
from tiktok_async.emulator import Emulator

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator(limits={}) as running:
        running.add_user(display_name="Ada <Lovelace>")
        yield running


@pytest.fixture
async def served(emulator: Emulator, tmp_path: Path) -> AsyncIterator[Served]:
    one = Served("mini_game", emulator, f"sqlite:///{tmp_path}/tokens.db")
    await asyncio.to_thread(one.start)
    yield one
    await asyncio.to_thread(one.stop)


async def named(browser: Browser, name: str) -> None:
    async def shown() -> bool:
        return await browser.text("#name") == name

    await until(shown)


async def test_a_player_has_a_placeholder_until_they_share_their_name(served: Served, browser: Browser) -> None:
    await browser.go(served.url)
    await named(browser, "TikTok Player")
    await browser.click("#dot")
    await browser.look("mini-game-placeholder")
    await browser.click("#share")
    await browser.look("mini-game-popup")
    await browser.click("button[value=deny]")

    async def refused() -> bool:
        return "later" in await browser.text("#said")

    await until(refused)
    assert await browser.text("#name") == "TikTok Player"
    await browser.click("#share")
    await browser.click("button[value=allow]")
    await named(browser, "Ada <Lovelace>")
    script = "return document.querySelector('#face').naturalWidth > 0"
    await until(lambda: browser.do(lambda d: d.execute_script(script)))
    assert not await browser.do(lambda d: d.find_element(By.ID, "share").is_displayed())
    await browser.look("mini-game-consent")
    await browser.go(served.url)
    await named(browser, "Ada <Lovelace>")
    assert await browser.complaints() == []
