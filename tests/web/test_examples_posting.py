"""The posting page of the example sites: what is on it, and that it reports the real outcome of a post."""

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver

from examples.web_site.posting import Draft, Posting
from tests.media.making import header, photo, video
from tests.web.browsing import Browser
from tests.web.serving import EXAMPLES, ROOT, Served, until
from tiktok_async import Account, TikTokSession
from tiktok_async.emulator import EmulatedUser, Emulator
from tiktok_async.models import Endpoint

CHOSEN = {"privacy_level": "PUBLIC_TO_EVERYONE", "title": "Hello", "allow_comment": True}
CLIP = header(milliseconds=5_000)


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator(limits={}) as running:
        yield running


@pytest.fixture
def user(emulator: Emulator) -> EmulatedUser:
    return emulator.add_user(username="grace", display_name="Grace <Hopper>")


@pytest.fixture
async def account(emulator: Emulator, session: TikTokSession, user: EmulatedUser) -> Account:
    return await emulator.connect(session, user)


@pytest.fixture
def posting() -> Posting:
    return Posting()


async def begun(posting: Posting, account: Account) -> Draft:
    """Open the posting page, and return its draft."""
    html = await posting.page(account, {})
    draft = posting.draft(html.partition('data-draft="')[2].partition('"')[0], account)
    assert draft is not None
    return draft


async def send(posting: Posting, draft: Draft, data: bytes = CLIP) -> dict[str, Any]:
    async def blocks() -> AsyncIterator[bytes]:
        for start in range(0, len(data), 1_000):
            yield data[start : start + 1_000]

    return await posting.take_file(draft, "clip.mp4", blocks())


async def posted(posting: Posting, draft: Draft, emulator: Emulator) -> str:
    """Press the button, move the clock until nothing more happens, and return the text of the page."""
    posting.post(draft, CHOSEN)
    assert draft.task is not None
    while not draft.task.done():
        await asyncio.wait([draft.task], timeout=0.005)
        emulator.clock.advance(2)
    draft.task.result()
    assert draft.told()["done"]
    return str(draft.told()["html"])


async def test_nothing_is_chosen_at_first_and_missing_choices_are_named(posting: Posting, account: Account) -> None:
    html = await posting.page(account, {})
    assert " checked" not in html
    assert "Grace &lt;Hopper&gt;" in html
    view = (await begun(posting, account)).view()
    assert not view["ready"]
    assert "Choose a video." in view["html"]["problems"]
    assert "Choose who can view this post." in view["html"]["problems"]


async def test_the_checklist_in_the_docs_names_what_is_on_the_page(
    posting: Posting, account: Account, emulator: Emulator, user: EmulatedUser
) -> None:
    checklist = (ROOT / "docs/posts-that-pass.md").read_text(encoding="utf-8").partition("### Checklist")[2]
    rows = [row.split("|") for row in checklist.partition("### The")[0].splitlines() if row.startswith("| ")]
    shown = await posting.page(account, {})
    emulator.creator(user, banned=True)
    shown += await posting.page(account, {})
    named = [words for row in rows[1:] for words in re.findall('"([^"]+)"', row[3])]
    assert len(named) > 10
    assert [words for words in named if words not in shown] == []
    assert all("https://developers.tiktok.com/doc/" in row[4] for row in rows[1:])


async def test_each_choice_changes_what_the_page_shows(
    posting: Posting, account: Account, emulator: Emulator, user: EmulatedUser
) -> None:
    emulator.creator(user, duet_disabled=True)
    draft = await begun(posting, account)
    assert (await send(posting, draft))["html"]["problems"].count("<li>") == 1
    view = posting.choose(draft, {**CHOSEN, "disclosed": True, "branded_content": True})
    assert view["ready"]
    assert "Paid partnership" in view["html"]["labels"]
    assert view["html"]["consent"].count("<a href=") == 2
    assert not view["controls"]["privacy-SELF_ONLY"]["enabled"]
    assert view["controls"]["allow_duet"] == {
        "on": False,
        "enabled": False,
        "hint": "Turned off in your TikTok settings.",
    }
    view = posting.choose(draft, {**CHOSEN, "disclosed": True})
    assert not view["ready"]
    assert "promotes yourself" in view["html"]["problems"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (header(rate=12), "frame_rate: 12 a second"),
        (header(milliseconds=301_000), "you may post up to 300 seconds"),
        (photo(), "posts videos only"),
        (b"", "not readable"),
    ],
    ids=["slow", "long", "photo", "empty"],
)
async def test_a_file_that_tiktok_would_refuse_stops_the_post_before_it_begins(
    posting: Posting, account: Account, emulator: Emulator, data: bytes, words: str
) -> None:
    draft = await begun(posting, account)
    posting.choose(draft, CHOSEN)
    view = await send(posting, draft, data)
    assert words in view["html"]["problems"]
    assert not posting.post(draft, CHOSEN)["begun"]
    assert len(emulator.posts) == 0
    assert (await send(posting, draft))["ready"]


async def test_a_published_video_has_its_link_and_its_file_is_gone(
    posting: Posting, account: Account, emulator: Emulator
) -> None:
    draft = await begun(posting, account)
    await send(posting, draft)
    path = draft.path
    assert "https://www.tiktok.com/@grace/video/" in await posted(posting, draft, emulator)
    assert path is not None
    assert not path.exists()
    assert draft.view() == await send(posting, draft)  # it cannot be changed any more
    info = emulator.posts[0].body["post_info"]
    assert (info["title"], info["disable_comment"], info["disable_duet"]) == ("Hello", False, True)


async def test_a_button_that_is_pressed_twice_posts_once(
    posting: Posting, account: Account, emulator: Emulator
) -> None:
    draft = await begun(posting, account)
    await send(posting, draft)
    posting.post(draft, CHOSEN)
    await posted(posting, draft, emulator)
    posting.post(draft, CHOSEN)
    assert len(emulator.posts) == 1


def fail(emulator: Emulator, _: EmulatedUser) -> None:
    emulator.fail_publish("frame_rate_check_failed")


def lose_the_answer(emulator: Emulator, _: EmulatedUser) -> None:
    emulator.fail_next(Endpoint.VIDEO_INIT, drop="after")


def ban(emulator: Emulator, user: EmulatedUser) -> None:
    emulator.creator(user, banned=True)


def process_for_a_day(emulator: Emulator, _: EmulatedUser) -> None:
    emulator.plan_timeline(processing=timedelta(days=1))


def break_the_upload(emulator: Emulator, _: EmulatedUser) -> None:
    emulator.tear_upload(*[10] * 50)


def hide_the_status(emulator: Emulator, _: EmulatedUser) -> None:
    emulator.fail_next(Endpoint.STATUS_FETCH, status=404, times=50, body="<html>")


def disconnect(emulator: Emulator, user: EmulatedUser) -> None:
    emulator.revoke(user)


_TROUBLES: dict[Callable[[Emulator, EmulatedUser], None], tuple[str, str]] = {
    fail: ("did not publish your video", "too few or too many frames"),
    lose_the_answer: ("do not know whether your video was posted", "before you post it again"),
    ban: ("Your video was not posted", "does not let this account post"),
    process_for_a_day: ("still working", "Do not post it again"),
    break_the_upload: ("not sent yet", "is not sent again"),
    hide_the_status: ("cannot see how your post ended", "Do not post it again"),
    disconnect: ("was not posted", "Connect again"),
}


@pytest.mark.parametrize("trouble", _TROUBLES)
async def test_the_page_reports_correctly_a_post_that_did_not_succeed(
    posting: Posting,
    account: Account,
    emulator: Emulator,
    user: EmulatedUser,
    trouble: Callable[[Emulator, EmulatedUser], None],
) -> None:
    draft = await begun(posting, account)
    await send(posting, draft)
    trouble(emulator, user)
    told = await posted(posting, draft, emulator)
    assert [words for words in _TROUBLES[trouble] if words not in told] == []
    assert "is posted" not in told


@pytest.mark.parametrize("trouble", [process_for_a_day, break_the_upload, ban])
async def test_a_post_that_can_continue_continues_as_the_same_post(
    posting: Posting,
    account: Account,
    emulator: Emulator,
    user: EmulatedUser,
    trouble: Callable[[Emulator, EmulatedUser], None],
) -> None:
    draft = await begun(posting, account)
    await send(posting, draft)
    trouble(emulator, user)
    await posted(posting, draft, emulator)
    emulator.posting.uploads.tears.clear()
    emulator.creator(user, banned=False)
    emulator.clock.advance(timedelta(days=1) if trouble is process_for_a_day else timedelta(0))
    assert "Your video is posted" in await posted(posting, draft, emulator)
    assert len(emulator.posts) == 1


async def test_a_creator_who_may_not_post_sees_a_message_in_place_of_the_form(
    posting: Posting, account: Account, emulator: Emulator, user: EmulatedUser
) -> None:
    emulator.creator(user, banned=True)
    html = await posting.page(account, {})
    assert "TikTok does not let this account post" in html
    assert "<form" not in html


async def test_a_creator_who_did_not_allow_posting_is_asked_to(
    posting: Posting, session: TikTokSession, emulator: Emulator
) -> None:
    reader = await emulator.connect(session, emulator.add_user(), {"user.info.basic"})
    assert "You did not allow posting" in await posting.page(reader, {})


async def test_a_draft_belongs_to_its_creator_only(
    posting: Posting, session: TikTokSession, account: Account, emulator: Emulator
) -> None:
    draft = await begun(posting, account)
    other = await emulator.connect(session, emulator.add_user())
    assert posting.draft(draft.id, account) is draft
    assert posting.draft(draft.id, other) is None


# In a browser


@pytest.fixture
async def served(request: pytest.FixtureRequest, emulator: Emulator, tmp_path: Path) -> AsyncIterator[Served]:
    one = Served(getattr(request, "param", EXAMPLES[0]), emulator, f"sqlite:///{tmp_path}/tokens.db")
    await asyncio.to_thread(one.start)
    yield one
    await asyncio.to_thread(one.stop)


NAMELESS = """
    const named = (e) => e.labels?.length || e.textContent.trim() || e.getAttribute("aria-label");
    const all = [...document.querySelectorAll("input, textarea, button, a, video, progress")];
    return all.filter((e) => !named(e)).map((e) => e.outerHTML);
"""
"""Elements without a name for a screen reader."""


async def opened(browser: Browser, served: Served) -> None:
    await browser.go(f"{served.url}/tiktok/login?next=/post")
    await browser.click("button[value=allow]")
    assert "Grace <Hopper>" in await browser.text("#nickname")


async def says(browser: Browser, selector: str, words: str) -> None:
    async def found() -> bool:
        return words in await browser.text(selector)

    await until(found)


def dropped(data: bytes) -> Callable[[WebDriver], None]:
    """Return what drops a file on the page, as a mouse does."""
    script = """
        const held = new DataTransfer();
        const bytes = Uint8Array.from(atob(arguments[0]), (c) => c.charCodeAt(0));
        held.items.add(new File([bytes], "dropped.mp4", { type: "video/mp4" }));
        const event = new DragEvent("drop", { dataTransfer: held, bubbles: true, cancelable: true });
        document.getElementById("drop").dispatchEvent(event);
    """
    return lambda driver: driver.execute_script(script, base64.b64encode(data).decode())


def focused(driver: WebDriver) -> str:
    return str(driver.execute_script("return document.activeElement.id"))


def keys(*pressed: str) -> Callable[[WebDriver], None]:
    return lambda driver: ActionChains(driver).send_keys(*pressed).perform()


async def tab_to(browser: Browser, name: str) -> list[str]:
    """Press the tab key until the element *name* has the focus; return what had it."""
    seen: list[str] = []
    while not seen or seen[-1] != name:
        assert len(seen) < 25, seen
        await browser.do(keys(Keys.TAB))
        seen.append(await browser.do(focused))
    return seen


@pytest.mark.browser
@pytest.mark.timeout(600)
@pytest.mark.parametrize("served", EXAMPLES, indirect=True)
async def test_a_video_is_dropped_shown_posted_and_watched_to_its_end(
    served: Served, browser: Browser, emulator: Emulator, user: EmulatedUser
) -> None:
    emulator.creator(user, stitch_disabled=True)
    await opened(browser, served)
    await says(browser, "#problems", "Choose who can view this post.")
    await browser.look(f"{served.example}-posting-empty")
    await browser.do(dropped(header(rate=12)))
    await says(browser, "#problems", "12 a second")
    clip = video(sides=(720, 1280), frames=90)
    await browser.do(dropped(clip))
    await says(browser, "#about-file", "720 x 1280")
    script = "const v = document.getElementById('preview'); return v.readyState > 0 && v.videoWidth"
    await until(lambda: browser.do(lambda d: d.execute_script(script) == 720))
    assert await browser.do(lambda d: d.find_element(By.ID, "allow_stitch").is_enabled()) is False
    for name in ("privacy-PUBLIC_TO_EVERYONE", "allow_comment", "disclosed"):
        await browser.click(f"label[for={name}]")
    await says(browser, "#problems", "promotes yourself")
    await browser.click("label[for=branded_content]")
    await says(browser, "#labels", "Paid partnership")
    await says(browser, "#consent", "Branded Content Policy and Music Usage Confirmation")
    assert await browser.do(lambda d: d.execute_script(NAMELESS)) == []
    await browser.look(f"{served.example}-posting-chosen")
    emulator.plan_timeline(processing=timedelta(minutes=2))
    await until(lambda: browser.do(lambda d: d.find_element(By.ID, "send").get_attribute("aria-disabled") == "false"))
    await browser.click("#send")
    await says(browser, "#told", "TikTok is working on your video")
    await browser.look(f"{served.example}-posting-working")
    emulator.clock.advance(timedelta(minutes=2))
    (post,) = emulator.posts.of(user.open_id)
    await says(browser, "#told", f"https://www.tiktok.com/@grace/video/{post.post_ids[0]}")
    await browser.look(f"{served.example}-posting-posted")
    assert post.sha256 == hashlib.sha256(clip).hexdigest()
    assert await browser.complaints() == []


@pytest.mark.browser
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("user")
async def test_a_video_is_posted_by_keyboard_alone_and_its_failure_is_shown(
    served: Served, browser: Browser, emulator: Emulator, tmp_path: Path
) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(video())
    emulator.fail_publish("spam_risk")
    await opened(browser, served)
    await tab_to(browser, "file")
    await browser.do(lambda d: d.switch_to.active_element.send_keys(str(clip)))
    await says(browser, "#about-file", "clip.mp4")
    order = await tab_to(browser, "caption")
    await browser.do(keys("By hand"))
    order += await tab_to(browser, "privacy-PUBLIC_TO_EVERYONE")
    await browser.do(keys(Keys.SPACE))
    order += await tab_to(browser, "allow_comment")
    await browser.do(keys(Keys.SPACE))
    order += await tab_to(browser, "disclosed")
    await browser.do(keys(Keys.SPACE))
    order += await tab_to(browser, "your_brand")
    await browser.do(keys(Keys.SPACE))
    await says(browser, "#labels", "Promotional content")
    order += await tab_to(browser, "send")
    wanted = "caption privacy-PUBLIC_TO_EVERYONE allow_comment allow_duet allow_stitch disclosed your_brand"
    assert [name for name in order if name in wanted.split()] == wanted.split()
    await until(lambda: browser.do(lambda d: d.find_element(By.ID, "send").get_attribute("aria-disabled") == "false"))
    await browser.do(keys(Keys.ENTER))
    await says(browser, "#told", "TikTok did not publish your video")
    await says(browser, "#told", "TikTok took the post for spam.")
    assert await browser.do(lambda d: d.switch_to.active_element.tag_name) == "h2"
    assert emulator.posts[0].body["post_info"]["title"] == "By hand"
    await browser.look("posting-failed")
