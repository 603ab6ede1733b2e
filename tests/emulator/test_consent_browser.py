"""The consent page in a real browser."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from tests.conftest import find_binary
from tests.emulator.conftest import VERIFIER, Raw, callback
from tiktok_async.models import Endpoint

pytestmark = pytest.mark.browser

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture
def browser(tmp_path: Path, app: str) -> Iterator[webdriver.Chrome]:
    del app  # its server ends after the browser, which opens spare connections to it
    options = Options()
    options.binary_location = find_binary("chromium")
    for flag in (*FLAGS, f"--user-data-dir={tmp_path}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(find_binary("chromedriver")))
    driver.implicitly_wait(100)
    yield driver
    driver.quit()


@pytest.fixture
async def app() -> AsyncIterator[str]:
    """The app's callback page."""

    async def page(request: web.BaseRequest) -> web.Response:
        del request
        return web.Response(text="<h1 id=back>Back</h1>", content_type="text/html")

    runner = web.ServerRunner(web.Server(page, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/callback/"
    await runner.cleanup()


def click_through(browser: webdriver.Chrome, url: str, *clicks: str) -> str:
    """Open the page, click the elements of the CSS selectors, and return the last URL of the browser."""
    browser.get(url)
    for selector in clicks:
        browser.find_element(By.CSS_SELECTOR, selector).click()
    browser.find_element(By.ID, "back")
    return str(browser.current_url)


async def exchange(raw: Raw, code: str, redirect_uri: str) -> Any:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "code_verifier": VERIFIER}
    return (await raw.form(Endpoint.TOKEN, **form)).data


async def test_a_person_chooses_an_account_and_allows(raw: Raw, browser: webdriver.Chrome, app: str) -> None:
    raw.emulator.add_user(display_name="Ada")
    grace = raw.emulator.add_user(display_name="Grace")
    choose = f"input[name=user][value='{grace.open_id}']"
    url = raw.authorize(redirect_uri=app, state="a&b=<c>")
    back = await asyncio.to_thread(click_through, browser, url, choose, "button[value=allow]")
    assert back.startswith(app)
    assert callback(back)["state"] == "a&b=<c>"
    assert callback(back)["scopes"] == "user.info.basic,video.list"
    assert (await exchange(raw, callback(back)["code"], app))["open_id"] == grace.open_id


async def test_a_person_unchecks_a_scope(raw: Raw, browser: webdriver.Chrome, app: str) -> None:
    raw.emulator.add_user()
    url = raw.authorize(redirect_uri=app)
    uncheck = "input[name=grant][value='video.list']"
    back = await asyncio.to_thread(click_through, browser, url, uncheck, "button[value=allow]")
    assert callback(back)["scopes"] == "user.info.basic"
    assert (await exchange(raw, callback(back)["code"], app))["scope"] == "user.info.basic"


async def test_a_person_denies(raw: Raw, browser: webdriver.Chrome, app: str) -> None:
    raw.emulator.add_user()
    back = await asyncio.to_thread(click_through, browser, raw.authorize(redirect_uri=app), "button[value=deny]")
    assert callback(back)["error"] == "access_denied"
    assert "code" not in callback(back)


async def test_one_of_many_users_is_chosen_in_a_list_and_remembered(
    raw: Raw, browser: webdriver.Chrome, app: str
) -> None:
    users = [raw.emulator.add_user(display_name=f"User {number}") for number in range(12)]
    choose = f"option[value='{users[7].open_id}']"
    url = raw.authorize(redirect_uri=app)
    await asyncio.to_thread(click_through, browser, url, choose, "button[value=allow]")
    remembered = await asyncio.to_thread(click_through, browser, raw.authorize(redirect_uri=app), "button[value=allow]")
    assert (await exchange(raw, callback(remembered)["code"], app))["open_id"] == users[7].open_id


async def test_bad_parameters_lead_to_the_error_page(raw: Raw, browser: webdriver.Chrome) -> None:
    raw.emulator.add_user()

    def open_page() -> tuple[str, str]:
        browser.get(raw.authorize(code_challenge="x"))
        return browser.find_element(By.TAG_NAME, "main").text, str(browser.current_url)

    text, url = await asyncio.to_thread(open_page)
    assert "Something went wrong" in text
    assert "code_challenge" in text
    assert urlsplit(url).netloc == urlsplit(raw.emulator.url).netloc
