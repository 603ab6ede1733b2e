"""The emulator's own page in a real browser."""

import json

import pytest

from tests.web.browsing import Browser
from tests.web.serving import until
from tiktok_async.emulator import Emulator

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


async def test_the_page_sends_any_event_with_a_sample_for_its_content(browser: Browser) -> None:
    async with Emulator(limits={}) as emulator:
        ada = emulator.add_user(display_name="Ada")
        await browser.go(f"{emulator.url}/")
        name, whom = "minis.trade_order.redeem.success", ada.open_id
        await browser.click("#events option:nth-child(10)")
        await browser.click(f"#whom option[value='{whom}']")
        await browser.click("#hook button")
        await until(lambda: emulator.webhooks)
        body = json.loads(emulator.webhooks[0].body)
        assert (body["event"], body["user_openid"]) == (name, whom)
        assert json.loads(body["content"])["trade_order_id"]
        assert await browser.complaints() == []
