"""The approval page: who can open it, what it shows, and that a decision comes only from its form."""

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

from tests.agents.conftest import GrantOf, proposed
from tests.conftest import find_binary, free_port
from tiktok_async import Secret
from tiktok_async.agents import AgentDesk, AgentGate, approval_page
from tiktok_async.emulator import Emulator
from tiktok_async.models import Endpoint

INJECTION = "<script>alert(1)</script>\"&'>"


def basic(name: str, key: Secret | str) -> dict[str, str]:
    word = key.reveal() if isinstance(key, Secret) else key
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{word}".encode()).decode()}


@pytest.fixture
async def browser(desk: AgentDesk, approver: Secret) -> AsyncIterator[httpx2.AsyncClient]:
    """A client that is logged in as anna, on a page that is mounted below /approvals."""
    page = approval_page(desk)

    async def mounted(scope: Any, receive: Any, send: Any) -> None:
        await page({**scope, "root_path": "/approvals"}, receive, send)

    transport = httpx2.ASGITransport(app=mounted)
    base = "http://site/approvals/"
    async with httpx2.AsyncClient(transport=transport, base_url=base, headers=basic("anna", approver)) as client:
        yield client


def token_of(page: str) -> str:
    found = re.search(r'name="token" value="([0-9a-f]+)"', page)
    assert found is not None
    return found.group(1)


GOOD = {"decision": "approve", "consent": "yes", "level": "SELF_ONLY"}


async def test_only_an_approver_sees_the_page(
    desk: AgentDesk, gate: AgentGate, browser: httpx2.AsyncClient, approver: Secret, grant_of: GrantOf
) -> None:
    proposal = await proposed(gate, title="a secret title")
    agent = await desk.add(grant_of(agent="other"))
    for wrong in (
        *({}, basic("anna", agent), basic("other", agent), basic("ben", approver), basic("anna", "")),
        *(
            {"Authorization": f"Bearer {approver.reveal()}"},
            {"Authorization": "Basic !"},
            {"Authorization": "Basic /w=="},
        ),
    ):
        for path in ("", proposal, f"{proposal}/video"):
            browser.headers.pop("Authorization", None)
            answer = await browser.get(path, headers=wrong)
            assert (answer.status_code, "secret title" in answer.text) == (401, False)
        assert (await browser.post(proposal, data=GOOD, headers=wrong)).status_code == 401


async def test_the_page_shows_what_tiktok_requires(
    desk: AgentDesk, browser: httpx2.AsyncClient, emulator: Emulator, grant_of: GrantOf
) -> None:
    await desk.add(grant_of(widest_privacy="PUBLIC_TO_EVERYONE"))
    proposal = await proposed(
        await desk.gate("bot"), title="hello", privacy_level="PUBLIC_TO_EVERYONE", brand_content_toggle=True
    )
    assert proposal in (await browser.get("")).text
    asked = emulator.requests.counts[Endpoint.CREATOR_INFO]
    page = (await browser.get(proposal)).text
    assert emulator.requests.counts[Endpoint.CREATOR_INFO] == asked + 1  # one request for each page
    for shown in (
        *(emulator.users[0].display_name, "hello", "Everyone", "Paid partnership", "Music Usage Confirmation"),
        *("Branded Content Policy", "Comments", "Duets", "Stitches", '<option value="">Choose</option>'),
    ):
        assert shown in page
    assert "selected" not in page
    assert "checked" not in page


async def test_text_from_tiktok_and_from_agents_is_escaped_on_the_page(
    gate: AgentGate, browser: httpx2.AsyncClient, emulator: Emulator
) -> None:
    emulator.users[0].display_name = INJECTION
    proposal = await proposed(gate, title=INJECTION)
    for path in ("", proposal):
        answer = await browser.get(path)
        assert "<script" not in answer.text
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["cache-control"] == "no-store"


async def test_a_decision_needs_the_pages_token_consent_and_the_same_audience(
    desk: AgentDesk, gate: AgentGate, browser: httpx2.AsyncClient, emulator: Emulator
) -> None:
    proposal, other = await proposed(gate), await proposed(gate)
    token = token_of((await browser.get(proposal)).text)
    foreign = token_of((await browser.get(other)).text)
    good = {**GOOD, "token": token}
    for wrong, status in (
        *((GOOD, 403), ({**good, "token": foreign}, 403), ({**good, "token": "\u00e9"}, 403)),
        *(({**good, "consent": ""}, 400), ({**good, "level": ""}, 400), ({**good, "level": "PUBLIC_TO_EVERYONE"}, 400)),
        ({**good, "decision": "maybe"}, 400),
    ):
        assert (await browser.post(proposal, data=wrong)).status_code == status, wrong
    elsewhere = await browser.post(proposal, data=good, headers={"Origin": "https://evil.example"})
    assert elsewhere.status_code == 403
    assert len(emulator.posts) == 0
    done = await browser.post(proposal, data=good, headers={"Origin": "http://site"})
    assert (done.status_code, done.headers["location"]) == (303, f"./{proposal}")
    assert len(emulator.posts) == 1
    assert (await desk.proposal(proposal)).decided_by == "anna"
    page = (await browser.get(proposal)).text
    assert "sent" in page
    assert "<form" not in page


async def test_a_refusal_records_the_reason(
    desk: AgentDesk, gate: AgentGate, browser: httpx2.AsyncClient, emulator: Emulator
) -> None:
    proposal = await proposed(gate)
    token = token_of((await browser.get(proposal)).text)
    sent = {"token": token, "decision": "refuse", "reason": "too long"}
    assert (await browser.post(proposal, data=sent)).status_code == 303
    assert (await desk.proposal(proposal)).reason == "too long"
    approved = await browser.post(proposal, data={**GOOD, "token": token})
    assert (approved.status_code, "anna refused it" in approved.text, len(emulator.posts)) == (409, True, 0)


async def test_a_proposal_that_cannot_be_posted_now_has_a_disabled_button(
    gate: AgentGate, browser: httpx2.AsyncClient, emulator: Emulator
) -> None:
    proposal = await proposed(gate)
    emulator.creator(emulator.users[0], comment_disabled=True)
    page = (await browser.get(proposal)).text
    assert "It cannot be posted now" in page
    assert 'value="approve" disabled' in page


async def test_a_failure_of_tiktok_is_shown_and_can_be_retried(
    gate: AgentGate, browser: httpx2.AsyncClient, emulator: Emulator
) -> None:
    proposal = await proposed(gate)
    good = {**GOOD, "token": token_of((await browser.get(proposal)).text)}
    emulator.fail_next(Endpoint.VIDEO_INIT, status=403, code="spam_risk_too_many_posts")
    assert (await browser.post(proposal, data=good)).status_code == 502
    emulator.fail_next(Endpoint.VIDEO_INIT, drop="after")
    lost = await browser.post(proposal, data=good)
    assert (lost.status_code, "Perhaps posted" in lost.text) == (502, True)
    assert len(emulator.posts) == 1


async def test_the_preview_is_the_proposed_file(gate: AgentGate, browser: httpx2.AsyncClient, media: Path) -> None:
    proposal = await proposed(gate)
    answer = await browser.get(f"{proposal}/video")
    assert (answer.content, answer.headers["content-type"]) == ((media / "clip.mp4").read_bytes(), "video/mp4")
    (media / "clip.mp4").write_bytes(b"another")
    assert (await browser.get(f"{proposal}/video")).status_code == 404
    assert (await browser.get("nothing")).status_code == 404
    assert (await browser.get("nothing/video")).status_code == 404
    assert (await browser.put(proposal)).status_code == 405


async def test_a_body_that_is_too_large_is_not_read(gate: AgentGate, browser: httpx2.AsyncClient) -> None:
    proposal = await proposed(gate)
    assert (await browser.post(proposal, data={"token": "x" * 100_000})).status_code == 404


@pytest.fixture
def chromium(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = find_binary("chromium")
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options, webdriver.ChromeService(find_binary("chromedriver")))
    yield driver
    driver.quit()


@pytest.mark.browser
async def test_a_person_chooses_agrees_and_posts_in_a_browser(
    desk: AgentDesk, gate: AgentGate, approver: Secret, emulator: Emulator, chromium: webdriver.Chrome
) -> None:
    proposal = await proposed(gate)
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(approval_page(desk), port=port, log_level="warning", ws="none"))
    serving = asyncio.ensure_future(server.serve())
    while not server.started:
        await asyncio.sleep(0.005)

    def decide() -> str:
        chromium.get(f"http://anna:{approver.reveal()}@127.0.0.1:{port}/")
        chromium.find_element(By.PARTIAL_LINK_TEXT, "clip").click()
        wait: WebDriverWait[webdriver.Chrome] = WebDriverWait(chromium, 60)
        wait.until(lambda it: it.find_elements(By.ID, "level"))
        chromium.find_element(By.CSS_SELECTOR, "button.post").click()  # the browser refuses: nothing is chosen
        Select(chromium.find_element(By.ID, "level")).select_by_value("SELF_ONLY")
        chromium.find_element(By.ID, "consent").click()
        chromium.find_element(By.CSS_SELECTOR, "button.post").click()
        wait.until(lambda it: "Decided by" in it.page_source)
        return chromium.current_url

    url = await asyncio.to_thread(decide)
    server.should_exit = True
    await serving
    assert url.endswith(f"/{proposal}")
    assert len(emulator.posts) == 1
