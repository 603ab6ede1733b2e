"""The emulator as a program: its state after a restart, its flags for faults, quirks and webhooks, and its page."""

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.cli.conftest import PROGRAM
from tiktok_async import TikTokSession
from tiktok_async.emulator import Emulator, parse_quirks
from tiktok_async.emulator.engine.webhook_samples import SAMPLES


class Program:
    """`tiktok-async emulator` in a separate process."""

    def __init__(self, process: asyncio.subprocess.Process, variables: dict[str, str]) -> None:
        self.process = process
        self.url = variables["TIKTOK_BASE_URL"]
        self.variables = variables

    @classmethod
    async def begin(cls, *arguments: str) -> "Program":
        process = await asyncio.create_subprocess_exec(
            *PROGRAM,
            "emulator",
            "--port",
            "0",
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        lines = [(await process.stdout.readline()).decode().strip() for _ in range(4)]
        return cls(process, dict(line.split("=", 1) for line in lines))

    async def admin(self, path: str, body: dict[str, Any] | None = None) -> Any:
        async with aiohttp.ClientSession() as http:
            method = "GET" if body is None else "POST"
            async with http.request(method, f"{self.url}/_emulator/{path}", json=body) as reply:
                return await reply.json()

    async def end(self, how: signal.Signals = signal.SIGINT) -> str:
        self.process.send_signal(how)
        _, err = await asyncio.wait_for(self.process.communicate(), 60)
        return err.decode()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
async def test_a_restart_keeps_users_and_logins(tmp_path: Path, how: signal.Signals) -> None:
    state = tmp_path / "state.json"
    first = await Program.begin("--state", str(state), "--users", "2")
    user = (await first.admin(""))["users"][1]
    reply = await first.admin("tokens", {"open_id": user["open_id"]})
    while reply["access_token"] not in (state.read_text() if state.exists() else ""):
        await asyncio.sleep(0.01)
    await first.end(how)
    assert state.stat().st_mode & 0o777 == 0o600
    again = await Program.begin("--state", str(state))
    try:
        assert [known["open_id"] for known in (await again.admin(""))["users"]].count(user["open_id"]) == 1
        headers = {"Authorization": f"Bearer {reply['access_token']}"}
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            http.get(f"{again.url}/v2/user/info/?fields=open_id") as answer,
        ):
            assert (await answer.json())["data"]["user"]["open_id"] == user["open_id"]
    finally:
        await again.end()


async def test_flags_set_faults_and_quirks_and_requests_are_logged() -> None:
    program = await Program.begin("--fault", "USER_INFO=429", "--quirk", "rotation=grace")
    open_id = (await program.admin(""))["users"][0]["open_id"]
    token = (await program.admin("tokens", {"open_id": open_id}))["access_token"]
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as http:
        statuses = []
        for _ in range(2):
            async with http.get(f"{program.url}/v2/user/info/?fields=open_id") as answer:
                statuses.append(answer.status)
    assert statuses == [429, 200]
    log = await program.end()
    assert "429 GET /v2/user/info/ USER_INFO" in log
    assert "200 GET /v2/user/info/ USER_INFO" in log


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (["--fault", "VIDEO_LST=429"], "VIDEO_LST"),
        (["--fault", "VIDEO_LIST"], "ENDPOINT=CODE"),
        (["--quirk", "rotatoin=grace"], "rotation"),
        (["--quirk", "rotation=sometimes"], "strict"),
        (["--quirk", "posting.audited=perhaps"], "true or false"),
    ],
)
async def test_an_invalid_flag_is_a_usage_error(flags: list[str], word: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, "emulator", "--port", "0", *flags, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    _, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 2
    assert word in err.decode()


@pytest.mark.parametrize(
    ("given", "content", "has_user"),
    [
        (("post.publish.complete", "--content", '{"publish_id": "v_1"}'), {"publish_id": "v_1"}, True),
        (("minis.trade_order.redeem.success",), dict(SAMPLES["minis.trade_order.redeem.success"]), False),
    ],
)
async def test_trigger_sends_a_signed_webhook_to_the_webhook_url(
    given: tuple[str, ...], content: dict[str, object], *, has_user: bool
) -> None:
    arrived: asyncio.Queue[tuple[bytes, str]] = asyncio.Queue()

    async def hook(request: web.Request) -> web.Response:
        await arrived.put((await request.read(), request.headers["TikTok-Signature"]))
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", hook)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    program = await Program.begin("--webhook-url", f"http://{host}:{port}/hook")
    try:
        done = await asyncio.create_subprocess_exec(
            *PROGRAM,
            *("emulator", "trigger", *given),
            env={**program.variables, "HOME": "/nonexistent"},
            stderr=asyncio.subprocess.PIPE,
        )
        await asyncio.wait_for(done.wait(), 60)
        assert done.returncode == 0
        body, signature = await asyncio.wait_for(arrived.get(), 60)
    finally:
        await program.end()
        await runner.cleanup()
    keys = (program.variables["TIKTOK_CLIENT_KEY"], program.variables["TIKTOK_CLIENT_SECRET"])
    async with TikTokSession(client_key=keys[0], client_secret=keys[1]) as session:
        event = session.webhooks.parse(body, signature)
    assert event.name == given[0]
    assert event.content == content
    assert (event.open_id is not None) is has_user
    assert json.loads(body)["client_key"] == keys[0]


async def test_trigger_without_an_emulator_says_how_to_start_one() -> None:
    done = await asyncio.create_subprocess_exec(
        *PROGRAM,
        *("emulator", "trigger", "post.publish.complete", "--base-url", "http://127.0.0.1:1"),
        stderr=asyncio.subprocess.PIPE,
    )
    _, err = await asyncio.wait_for(done.communicate(), 60)
    assert done.returncode == 2
    assert "tiktok-async emulator" in err.decode()


async def test_the_page_at_the_root_loads_nothing_from_other_hosts(emulator: Emulator) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{emulator.url}/") as reply:
        text = await reply.text()
        assert reply.status == 200
        assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
    assert "http://" not in text
    assert "https://" not in text
    assert [record for record in emulator.requests if record.path == "/"] == []


def test_a_quirk_can_be_set_by_its_short_name_and_durations_are_seconds() -> None:
    quirks = parse_quirks(["audited=yes", "access_lifetime=7200", "posting.posts_a_day=none"])
    assert quirks.posting.audited
    assert quirks.access_lifetime.total_seconds() == 7200
    assert quirks.posting.posts_a_day is None
