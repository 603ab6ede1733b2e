"""The tools over the protocol, with the protocol package's own client: in memory, over a pipe and over HTTP."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from tests.agents.conftest import GrantOf
from tests.conftest import free_port
from tiktok_async import ConfigurationError, Secret
from tiktok_async.agents import AgentDesk, AgentGate, AgentGrant, _protocol, asgi_app
from tiktok_async.emulator import Emulator


def in_memory(gate: AgentGate) -> Client:
    async def gate_of(context: object) -> AgentGate:
        del context
        return gate

    return Client(_protocol._server(gate_of))


async def test_a_client_lists_the_granted_tools_and_calls_them(desk: AgentDesk, grant_of: GrantOf) -> None:
    await desk.add(grant_of(operations={"VIDEO_LIST", "VIDEO_INIT"}, fields={"video.title"}))
    async with in_memory(await desk.gate("bot")) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == {"videos", "propose_post"}
        assert tools["videos"].annotations is not None
        assert tools["propose_post"].annotations is not None
        assert tools["videos"].annotations.read_only_hint is True
        assert tools["propose_post"].annotations.read_only_hint is False
        assert tools["propose_post"].input_schema["properties"]["privacy_level"]["enum"] == ["SELF_ONLY"]
        result = await client.call_tool("videos", {"limit": 2})
        assert not result.is_error
        assert len(result.structured_content["from_tiktok"]["data"]["videos"]) == 2
        # Hosts without structured results get the same JSON as text, with its marks.
        assert json.loads(result.content[0].text) == result.structured_content  # type: ignore[union-attr] # a text
        refused = await client.call_tool("profile", {})
        assert (refused.is_error, refused.structured_content["outcome"]) == (True, "refused")
    assert [call.tool for call in await desk.log(agent="bot")] == ["videos", "profile"]


async def test_a_changed_grant_applies_at_once_to_a_connected_client(desk: AgentDesk, grant_of: GrantOf) -> None:
    await desk.add(grant_of())
    async with in_memory(await desk.gate("bot")) as client:
        await desk.revoke("bot")
        assert (await client.list_tools()).tools == []
        assert (await client.call_tool("post_status", {"proposal": "x"})).is_error


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[str]:
    """Serve an ASGI application on loopback."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", ws="none"))
    task = asyncio.ensure_future(server.serve())
    while not server.started:
        await asyncio.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def connected(url: str, key: Secret) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {key.reveal()}"}
    async with (
        httpx2.AsyncClient(headers=headers) as http,
        Client(streamable_http_client(f"{url}/mcp", http_client=http)) as client,
    ):
        yield client


async def test_each_key_gives_its_own_tools_over_http(desk: AgentDesk, grant_of: GrantOf) -> None:
    first = await desk.add(grant_of())
    second = await desk.add(grant_of(agent="reader", operations={"VIDEO_LIST"}, fields={"video.title"}))
    async with serving(asgi_app(desk)) as url:
        async with connected(url, first) as client:
            assert {tool.name for tool in (await client.list_tools()).tools} == {"propose_post", "post_status"}
        async with connected(url, second) as client:
            assert {tool.name for tool in (await client.list_tools()).tools} == {"videos"}
            assert not (await client.call_tool("videos", {"limit": 1})).is_error
            assert (await client.call_tool("propose_post", {"file": "clip.mp4"})).is_error
    assert {call.agent for call in await desk.log()} == {"owner", "reader"}


async def test_any_other_key_or_host_is_refused_over_http(desk: AgentDesk, grant_of: GrantOf, approver: Secret) -> None:
    key = await desk.add(grant_of())
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    accept = {"Accept": "application/json, text/event-stream"}
    good = {"Authorization": f"Bearer {key.reveal()}", **accept}
    async with serving(asgi_app(desk)) as url, httpx2.AsyncClient() as http:

        async def status(headers: dict[str, str]) -> int:
            return (await http.post(f"{url}/mcp", json=call, headers=headers)).status_code

        assert await status(good) == 200
        for wrong in ({}, {"Authorization": key.reveal()}, {"Authorization": "Bearer"}, {"Authorization": "Bearer x"}):
            assert await status({**wrong, **accept}) == 401
        assert await status({"Authorization": f"Bearer {approver.reveal()}", **accept}) == 401
        assert await status({**good, "Host": "evil.example"}) == 421
        assert await status({**good, "Origin": "http://evil.example"}) == 403
        assert (await http.get(f"{url}/mcp")).status_code == 401
        await desk.revoke("bot")
        assert await status(good) == 401


async def test_a_mounted_app_runs_within_the_lifespan_of_its_parent(desk: AgentDesk, grant_of: GrantOf) -> None:
    from starlette.applications import Starlette
    from starlette.routing import Mount

    key = await desk.add(grant_of())
    agents = asgi_app(desk)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with agents.running():
            yield

    site = Starlette(routes=[Mount("/agents", agents)], lifespan=lifespan)
    async with serving(site) as url, connected(f"{url}/agents", key) as client:
        assert len((await client.list_tools()).tools) == 2


async def test_without_the_extra_the_error_says_what_to_install(
    desk: AgentDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_protocol, "find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match=r"tiktok-async\[agents\]"):
        asgi_app(desk)
    with pytest.raises(ConfigurationError, match=r"tiktok-async\[agents\]"):
        await _protocol.serve_stdio(desk, "bot")


@pytest.fixture
async def program(emulator: Emulator, media: Path, tmp_path: Path) -> StdioServerParameters:
    """The command that serves `bot` on its standard input and output."""
    store = f"sqlite:///{tmp_path}/tokens.db"
    record = tmp_path / "piped.jsonl"
    async with emulator.session(store=store) as session:
        account = await emulator.connect(session, emulator.add_user(videos=5))
        desk = AgentDesk(session, record=record)
        grant = AgentGrant(
            agent="bot",
            operations={"VIDEO_LIST", "VIDEO_INIT"},
            accounts={account.open_id},
            fields={"video.title"},
            widest_privacy="SELF_ONLY",
            media_folder=str(media),
            posts_a_day=2,
            ends_at=session.clock.now() + timedelta(days=2),
        )
        await desk.add(grant)
        await session.store.aclose()
    return StdioServerParameters(
        command=sys.executable,
        args=["-m", "tiktok_async", "agents", "serve", "--agent", "bot", "--record", str(record)],
        env={
            "TIKTOK_CLIENT_KEY": emulator.client_key,
            "TIKTOK_CLIENT_SECRET": emulator.client_secret,
            "TIKTOK_BASE_URL": emulator.url,
            "TIKTOK_TOKEN_STORE": store,
            "PYTHONWARNINGS": "error",
        },
    )


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_command_serves_one_agent_over_a_pipe(program: StdioServerParameters, mode: str) -> None:
    async with Client(program, mode=mode) as client:
        assert {tool.name for tool in (await client.list_tools()).tools} == {"videos", "propose_post"}
        result = await client.call_tool("videos", {"limit": 3})
        assert len(result.structured_content["from_tiktok"]["data"]["videos"]) == 3
        proposed = await client.call_tool("propose_post", {"file": "clip.mp4", "privacy_level": "SELF_ONLY"})
        assert proposed.structured_content["state"] == "pending"


async def test_a_server_on_a_pipe_ends_on_sigterm(program: StdioServerParameters) -> None:
    process = await asyncio.create_subprocess_exec(
        *(program.command, *program.args),
        env=program.env,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    call = {"jsonrpc": "2.0", "id": 1, "method": "initialize"} | {
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        }
    }
    process.stdin.write(json.dumps(call).encode() + b"\n")
    assert b"tiktok-async" in await process.stdout.readline()
    process.terminate()
    _, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 130
    assert b"Traceback" not in err
