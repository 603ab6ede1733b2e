"""The log of requests, and the search for leaked secrets in it."""

import pytest

from tests.emulator.conftest import Raw
from tiktok_async.emulator import RequestLog
from tiktok_async.models import Endpoint


async def test_a_request_is_recorded_with_all_that_an_assertion_needs(raw: Raw) -> None:
    user = raw.emulator.add_user(videos=1)
    token = raw.emulator.grant(user)["access_token"]
    await raw.call(Endpoint.VIDEO_LIST, token, fields="id,title", json={"max_count": 5})
    record = raw.emulator.requests[-1]
    assert (record.endpoint, record.method, record.path) == (Endpoint.VIDEO_LIST, "POST", "/v2/video/list/")
    assert (record.status, record.open_id) == (200, user.open_id)
    assert record.params == {"fields": "id,title"}
    assert record.json == {"max_count": 5}
    assert record.headers["authorization"] == f"Bearer {token}"
    assert abs((raw.emulator.clock.now() - record.at).total_seconds()) < 5


async def test_the_repr_of_the_log_shows_no_secret(raw: Raw) -> None:
    token = await raw.login(raw.emulator.add_user())
    await raw.call(Endpoint.USER_INFO, token["access_token"], fields="open_id")
    shown = repr(list(raw.emulator.requests)) + repr(raw.emulator.requests)
    for secret in (token["access_token"], token["refresh_token"], raw.emulator.client_secret, "code="):
        assert secret not in shown


async def test_requests_are_counted_by_endpoint_and_by_status(raw: Raw) -> None:
    token = raw.emulator.grant(raw.emulator.add_user())["access_token"]
    raw.emulator.fail_next(Endpoint.USER_INFO)
    for _ in range(2):
        await raw.call(Endpoint.USER_INFO, token, fields="open_id")
    log = raw.emulator.requests
    assert log.counts == {Endpoint.USER_INFO: 2}
    assert log.statuses == {(Endpoint.USER_INFO, 500): 1, (Endpoint.USER_INFO, 200): 1}
    assert len(log.to(Endpoint.USER_INFO)) == len(log) == 2
    log.clear()
    assert (len(log), sum(log.counts.values())) == (0, 0)


async def test_a_secret_where_it_belongs_is_not_a_leak(raw: Raw) -> None:
    token = await raw.login(raw.emulator.add_user())
    await raw.call(Endpoint.USER_INFO, token["access_token"], fields="open_id")
    newer = (await raw.refresh(token["refresh_token"])).data
    await raw.form(Endpoint.REVOKE, token=newer["access_token"])
    for secret in (token["access_token"], token["refresh_token"], newer["access_token"], raw.emulator.client_secret):
        assert raw.emulator.leaks(secret) == []


@pytest.mark.parametrize("place", ["query", "encoded query", "header", "body", "other authorization"])
async def test_a_secret_anywhere_else_is_a_leak(raw: Raw, place: str) -> None:
    user = raw.emulator.add_user(videos=1)
    bearer, secret = raw.emulator.grant(user)["access_token"], "rft.top!secret"
    headers = {"Authorization": f"Bearer {bearer}"}
    query = {"query": f"&x={secret}", "encoded query": "&x=rft.top%21secret"}.get(place, "")
    if place == "header":
        headers["X-Debug"] = secret
    elif place == "other authorization":
        headers["Authorization"] = f"Basic {secret}"
    body = {"note": secret} if place == "body" else {}
    await raw.send("POST", f"/v2/video/list/?fields=id{query}", headers=headers, json=body)
    assert raw.emulator.leaks(secret) == [raw.emulator.requests[-1]]
    assert raw.emulator.leaks("something else") == []


async def test_only_the_newest_requests_are_kept(raw: Raw) -> None:
    await raw.send("GET", raw.authorize())
    record = raw.emulator.requests[0]
    log = RequestLog(kept=3)
    for _ in range(5):
        log.arrived(record)
    assert (len(log), log.counts["authorize"]) == (3, 5)
