"""The emulator's own API, for other processes."""

import asyncio
import multiprocessing
from typing import Any

import aiohttp
import pytest

from tests.emulator.conftest import Raw
from tiktok_async.emulator import Emulator, serve
from tiktok_async.models import Endpoint


async def admin(raw: Raw, path: str, body: Any = None, *, method: str = "POST") -> Any:
    answer = await raw.send(method, f"/_emulator/{path}", json=body)
    return answer.data if answer.status == 200 else (answer.status, answer.data["error"])


async def test_another_process_can_do_what_a_test_can(raw: Raw) -> None:
    user = await admin(raw, "users", {"videos": 30, "display_name": "Ada"})
    token = await admin(raw, "tokens", {"open_id": user["open_id"]})
    assert (await raw.call(Endpoint.VIDEO_LIST, token["access_token"], fields="id", json={})).status == 200
    before = raw.emulator.clock.now()
    await admin(raw, "clock", {"advance": 7200})
    assert (raw.emulator.clock.now() - before).total_seconds() >= 7200
    await admin(raw, "faults", {"endpoint": "TOKEN", "status": 503, "open_id": user["open_id"]})
    assert (await raw.refresh(token["refresh_token"])).status == 200
    await admin(raw, "faults", {"endpoint": "TOKEN", "status": 503, "delay": 0.001})
    assert (await raw.refresh("rft.x")).status == 503
    await admin(raw, "revoke", {"open_id": user["open_id"]})
    assert (await raw.refresh(token["refresh_token"])).code == "invalid_grant"
    overview = await admin(raw, "", method="GET")
    assert overview["client_key"] == raw.emulator.client_key
    assert overview["users"][0]["display_name"] == "Ada"
    assert overview["counters"]["refreshes"] == {user["open_id"]: 1}
    assert overview["counters"]["requests"]["VIDEO_LIST"] == 1
    assert overview["counters"]["statuses"]["TOKEN 503"] == 1


async def test_the_log_can_be_read_and_emptied(raw: Raw) -> None:
    await raw.refresh("rft.x")
    await raw.send("GET", raw.authorize())
    found = await admin(raw, "requests?endpoint=TOKEN&last=5", method="GET")
    assert [(one["endpoint"], one["status"]) for one in found["requests"]] == [("TOKEN", 400)]
    assert len((await admin(raw, "requests", method="GET"))["requests"]) == 2
    await admin(raw, "requests", method="DELETE")
    assert len(raw.emulator.requests) == 0


async def test_faults_can_be_removed(raw: Raw) -> None:
    await admin(raw, "faults", {"endpoint": "TOKEN", "times": 5})
    await admin(raw, "faults", method="DELETE")
    assert (await raw.refresh("rft.x")).status == 400


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("users", {"colour": "red"}),
        ("tokens", {}),
        ("tokens", {"open_id": "nobody"}),
        ("clock", {"advance": -1}),
        ("faults", {"endpoint": "TOKEN", "wish": 1}),
        ("qr", {"token": "x", "confirm": True}),
        ("webhooks", {"url": "https://example.com/"}),
        ("users", []),
    ],
)
async def test_a_wrong_request_gets_status_400_and_a_message(raw: Raw, path: str, body: Any) -> None:
    status, problem = await admin(raw, path, body)
    assert status == 400
    assert problem


async def test_admin_requests_are_not_in_the_log(raw: Raw) -> None:
    await admin(raw, "users", {})
    assert len(raw.emulator.requests) == 0


def _program(pipe: Any) -> None:
    def ready(emulator: Emulator) -> None:
        emulator.add_user(videos=3)
        pipe.send(emulator.url)

    asyncio.run(serve(ready=ready, client_key="another_key"))


async def test_the_emulator_runs_in_its_own_process(http: aiohttp.ClientSession) -> None:
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_program, args=(theirs,))
    process.start()
    try:
        url = await asyncio.to_thread(ours.recv)
        async with http.get(f"{url}/_emulator/") as response:
            overview = await response.json()
        assert overview["client_key"] == "another_key"
        assert overview["users"][0]["videos"] == 3
    finally:
        process.kill()
        await asyncio.to_thread(process.join)
        process.close()
        ours.close()
        theirs.close()
