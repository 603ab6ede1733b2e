"""Faults on demand."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from tests.emulator.conftest import Raw, until
from tiktok_async.models import Endpoint


async def listing(raw: Raw, token: str) -> Any:
    return await raw.call(Endpoint.VIDEO_LIST, token, fields="id", json={})


@pytest.fixture
def token(raw: Raw) -> str:
    return str(raw.emulator.grant(raw.emulator.add_user(videos=25))["access_token"])


async def test_the_next_calls_fail_and_the_one_after_works(raw: Raw, token: str) -> None:
    fault = raw.emulator.fail_next(Endpoint.VIDEO_LIST, status=503, times=2)
    assert [(await listing(raw, token)).status for _ in range(3)] == [503, 503, 200]
    assert fault.times == 0


async def test_a_fault_belongs_to_its_endpoint_and_its_user(raw: Raw, token: str) -> None:
    other = raw.emulator.add_user()
    raw.emulator.fail_next(Endpoint.VIDEO_LIST, user=other)
    assert (await listing(raw, token)).status == 200
    others = raw.emulator.grant(other)["access_token"]
    assert (await raw.call(Endpoint.USER_INFO, others, fields="open_id")).status == 200
    assert (await listing(raw, others)).code == "internal_error"


@pytest.mark.parametrize(
    ("status", "code"),
    [(500, "internal_error"), (429, "rate_limit_exceeded"), (401, "access_token_invalid"), (400, "invalid_params")],
)
async def test_the_code_fits_the_status_in_both_forms_of_errors(raw: Raw, token: str, status: int, code: str) -> None:
    raw.emulator.fail_next(Endpoint.VIDEO_LIST, status=status)
    raw.emulator.fail_next(Endpoint.TOKEN, status=status, code="server_error", message="later")
    answer = await listing(raw, token)
    assert (answer.status, answer.code) == (status, code)
    flat = await raw.refresh("rft.x")
    assert (flat.status, flat.code, flat.data["error_description"]) == (status, "server_error", "later")


async def test_a_fault_can_send_an_html_page_or_a_given_body(raw: Raw, token: str) -> None:
    raw.emulator.fail_next(Endpoint.VIDEO_LIST, html=True)
    raw.emulator.fail_next(Endpoint.VIDEO_LIST, body='{"data": null}', headers={"X-Odd": "1"})
    page = await listing(raw, token)
    assert (page.status, page.headers["Content-Type"]) == (502, "text/html; charset=utf-8")
    own = await listing(raw, token)
    assert (own.status, own.data, own.headers["X-Odd"]) == (200, {"data": None}, "1")


async def test_a_reset_before_the_work_prevents_it_and_a_reset_after_the_work_does_not(raw: Raw) -> None:
    user = raw.emulator.add_user()
    refresh_token = raw.emulator.grant(user)["refresh_token"]
    raw.emulator.fail_next(Endpoint.TOKEN, drop="before")
    with pytest.raises(aiohttp.ClientConnectionError):
        await raw.refresh(refresh_token)
    assert raw.emulator.refreshes[user.open_id] == 0
    raw.emulator.fail_next(Endpoint.TOKEN, drop="after")
    with pytest.raises(aiohttp.ClientConnectionError):
        await raw.refresh(refresh_token)
    assert raw.emulator.refreshes[user.open_id] == 1
    assert [record.status for record in raw.emulator.requests.to(Endpoint.TOKEN)] == [0, 0]
    assert (await raw.refresh(refresh_token)).code == "invalid_grant"


async def test_a_truncated_body_is_a_payload_error(raw: Raw, token: str) -> None:
    raw.emulator.fail_next(Endpoint.VIDEO_LIST, truncate=15)
    with pytest.raises(aiohttp.ClientPayloadError):
        await listing(raw, token)


async def test_a_delay_and_a_drip_wait_for_the_emulators_clock(raw: Raw, token: str) -> None:
    raw.emulator.fail_next(Endpoint.VIDEO_LIST, delay=timedelta(hours=1))
    raw.emulator.fail_next(Endpoint.USER_INFO, drip=timedelta(seconds=0.2))
    slow = asyncio.ensure_future(listing(raw, token))
    await until(lambda: raw.emulator.clock.timers)
    assert not slow.done()
    raw.emulator.clock.advance(timedelta(hours=1))
    assert (await slow).status == 200
    started = time.monotonic()
    token = raw.emulator.grant(raw.emulator.users[0])["access_token"]
    assert (await raw.call(Endpoint.USER_INFO, token, fields="open_id")).status == 200
    assert time.monotonic() - started >= 0.1


async def test_a_share_of_the_calls_can_fail(raw: Raw, token: str) -> None:
    raw.emulator.fail_next(Endpoint.VIDEO_LIST, share=0.3, times=1000)
    statuses = [(await listing(raw, token)).status for _ in range(200)]
    assert 20 < statuses.count(500) < 100
    raw.emulator.state.faults.clear()
    assert (await listing(raw, token)).status == 200
