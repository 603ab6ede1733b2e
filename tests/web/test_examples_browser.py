"""The example sites in a real browser: allow, deny, less than asked, disconnected elsewhere, a mini game's name."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from selenium.webdriver.common.by import By

from tests.web.browsing import Browser
from tests.web.serving import EXAMPLES, Served, browser_like, log_in, until
from tiktok_async.emulator import EmulatedUser, Emulator
from tiktok_async.models import Endpoint

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator(limits={}) as running:
        yield running


@pytest.fixture
def user(emulator: Emulator) -> EmulatedUser:
    return emulator.add_user(
        videos=40,
        display_name="Grace <Hopper>",
        username="grace",
        is_verified=True,
        follower_count=1_234_567,
        following_count=89,
        likes_count=45_600_000,
        bio_description="Compilers, ships & nanoseconds.\nWrite to me.",
    )


@pytest.fixture(params=EXAMPLES)
async def served(request: pytest.FixtureRequest, emulator: Emulator, tmp_path: Path) -> AsyncIterator[Served]:
    one = Served(request.param, emulator, f"sqlite:///{tmp_path}/tokens.db")
    await asyncio.to_thread(one.start)
    yield one
    await asyncio.to_thread(one.stop)


async def test_a_creator_logs_in_sees_their_videos_and_an_event_and_disconnects(
    served: Served, browser: Browser, emulator: Emulator, user: EmulatedUser
) -> None:
    await browser.go(served.url)
    await browser.look(f"{served.example}-landing")
    await browser.click("#login")
    await browser.click("button[value=allow]")
    assert (await browser.text("#name")).split() == ["Grace", "<Hopper>", "✓"]
    assert "1.2M" in await browser.text(".counts")
    found = await browser.do(lambda d: len(d.find_elements(By.CSS_SELECTOR, ".grid li")))
    assert found == 12
    script = "return [...document.images].every(i => i.complete && i.naturalWidth > 0)"
    await browser.do(lambda d: d.execute_script("for (const i of document.images) i.loading = 'eager'"))
    await until(lambda: browser.do(lambda d: d.execute_script(script)))
    emulator.send_webhook("post.publish.complete", {"publish_id": "v_pub_file~v2-1.7601447475849021452"}, user)
    await emulator.webhooks_sent()
    await until(lambda: shows(browser, "post.publish.complete"))
    await browser.look(f"{served.example}-home")
    emulator.send_webhook("post.publish.complete", {"publish_id": "another's"}, emulator.add_user())
    await emulator.webhooks_sent()
    assert "another's" not in await browser.text("#events")
    assert await browser.complaints() == []
    emulator.send_webhook("post.publish.failed", {"publish_id": "p", "reason": "frame_rate_check_failed"}, user)
    await emulator.webhooks_sent()
    await until(lambda: shows(browser, "too few or too many frames"))
    await browser.click("#disconnect")
    await browser.look(f"{served.example}-disconnecting")
    assert emulator.requests.to(Endpoint.REVOKE) == []  # it asks for a confirmation
    await browser.click("#really-disconnect")
    assert "Connect your account" in await browser.text(".hero")
    await emulator.webhooks_sent()
    assert not emulator.state.grants.refreshes


async def shows(browser: Browser, words: str) -> bool:
    return words in await browser.text("#events")


async def test_a_creator_can_deny_a_login(served: Served, browser: Browser, user: EmulatedUser) -> None:
    del user
    await browser.go(f"{served.url}/tiktok/login")
    await browser.click("button[value=deny]")
    assert "You did not allow it" in await browser.text("#alert")
    await browser.look(f"{served.example}-denied")


async def test_the_site_works_for_a_creator_who_does_not_share_videos(
    served: Served, browser: Browser, user: EmulatedUser
) -> None:
    del user
    await browser.go(f"{served.url}/tiktok/login")
    await browser.click("input[name=grant][value='video.list']")
    await browser.click("input[name=grant][value='user.info.stats']")
    await browser.click("button[value=allow]")
    assert "did not share your videos" in await browser.text("#no-videos")
    assert await browser.do(lambda d: "Followers" not in d.page_source)
    await browser.look(f"{served.example}-partial")


async def test_a_creator_can_disconnect_in_tiktok(
    served: Served, browser: Browser, emulator: Emulator, user: EmulatedUser
) -> None:
    await browser.go(f"{served.url}/tiktok/login")
    await browser.click("button[value=allow]")
    await browser.text("#name")
    emulator.revoke(user)
    await emulator.webhooks_sent()
    await browser.go(served.url)
    assert await browser.text("#disconnected") == "TikTok is disconnected"
    await browser.look(f"{served.example}-disconnected")
    await browser.click("#login")
    await browser.click("button[value=allow]")
    assert "Grace" in await browser.text("#name")


async def test_a_post_without_a_webhook_ends_on_the_same_page(
    served: Served, browser: Browser, emulator: Emulator, user: EmulatedUser
) -> None:
    await browser.go(f"{served.url}/tiktok/login")
    await browser.click("button[value=allow]")
    await browser.text("#name")
    emulator.webhook_url = None
    emulator.revoke(user)
    await browser.go(served.url)
    assert await browser.text("#disconnected") == "TikTok is disconnected"


@pytest.mark.parametrize("scopes", [{"user.info.open_id"}, {"user.info.basic"}])
async def test_a_mini_games_player_has_the_name_the_game_sent_until_they_share_their_own(
    served: Served, browser: Browser, emulator: Emulator, user: EmulatedUser, scopes: set[str]
) -> None:
    sent = {"code": emulator.minis_code(user, scopes), "name": "Player <One>", "avatar_url": "javascript:alert(1)"}
    async with browser_like() as http:
        async with http.post(f"{served.url}/minigame/login", json=sent) as response:
            assert response.status == 200
            assert await response.json() == {"open_id": user.open_id}
        async with http.post(f"{served.url}/minigame/login", json={"code": "wrong"}) as response:
            assert response.status == 401
        cookies = {cookie.key: cookie.value for cookie in http.cookie_jar}
    await browser.go(served.url)
    for name, value in cookies.items():
        await browser.keep(name, value)
    await browser.go(served.url)
    expected = "Player <One>" if "user.info.basic" not in scopes else "Grace <Hopper>"
    assert expected in await browser.text("#name")
    assert "javascript:" not in await browser.do(lambda d: d.page_source)
    await browser.look(f"{served.example}-minigame-{expected.partition(' ')[0].lower()}")


async def test_a_failure_of_tiktok_gives_a_page_with_advice(
    served: Served, browser: Browser, emulator: Emulator, user: EmulatedUser
) -> None:
    await browser.go(f"{served.url}/tiktok/login")
    await browser.click("button[value=allow]")
    await browser.text("#name")
    emulator.fail_next(Endpoint.USER_INFO, status=400, code="internal_oddity", times=9)
    await browser.go(served.url)
    words = await browser.text(".hero")
    assert "could not be loaded" in words
    assert "Reference: 2" in words
    assert "internal_oddity" not in words  # which is for the logs only
    await browser.look(f"{served.example}-trouble")
    del user


async def test_a_page_of_another_site_cannot_act_for_a_creator(
    served: Served, emulator: Emulator, user: EmulatedUser
) -> None:
    """A browser sends no Lax cookie with a form of another site, so no account is disconnected."""
    async with browser_like() as http:
        assert await log_in(http, served, emulator, user) == "/"
        async with aiohttp.ClientSession() as foreign, foreign.post(f"{served.url}/disconnect") as response:
            assert response.status == 200
        async with http.get(served.url) as front:
            assert "Grace" in await front.text()
