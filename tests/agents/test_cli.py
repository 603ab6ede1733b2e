"""`tiktok-async agents`, from a grant to a post, in separate processes."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.agents.conftest import GrantOf
from tests.cli.conftest import Shell
from tiktok_async import Account
from tiktok_async.agents import AgentDesk
from tiktok_async.emulator import Emulator
from tiktok_async.stores import open_store


@pytest.fixture
async def shell(emulator: Emulator, tmp_path: Path) -> Shell:
    opened = Shell(emulator, tmp_path)
    opened.environment["TIKTOK_AGENTS_RECORD"] = str(tmp_path / "agents.jsonl")
    return opened


@pytest.fixture
async def creator(shell: Shell, emulator: Emulator) -> Account:
    return await shell.log_in(emulator.add_user(videos=3))


@pytest.fixture
async def desk(shell: Shell, emulator: Emulator, tmp_path: Path) -> AsyncIterator[AgentDesk]:
    """A desk with the same store and record as the command."""
    store = open_store(shell.store)
    async with emulator.session(store=store) as session:
        yield AgentDesk(session, record=tmp_path / "agents.jsonl")
    await store.aclose()


ADD = ("agents", "add", "bot", "--operation", "VIDEO_INIT", "--privacy", "self-only", "--posts-a-day", "2")


async def test_the_commands_lead_from_a_grant_to_a_post(
    shell: Shell, creator: Account, desk: AgentDesk, emulator: Emulator, media: Path
) -> None:
    added = await shell.run(*ADD, "--account", creator.open_id, "--media-folder", "media")
    assert added.code == 0, added.err
    assert await desk.agent_of(added.out.strip()) == "bot"
    anna = await shell.run("agents", "approver", "anna", "--json")
    key = json.loads(anna.out)["key"]

    gate = await desk.gate("bot")
    answer = await gate.call("propose_post", {"file": "clip.mp4", "privacy_level": "SELF_ONLY", "title": "a\x1b[2Jb"})
    waiting = await shell.run("agents", "proposals")
    assert answer["proposal"] in waiting.out
    assert "\x1b" not in waiting.out
    assert (await shell.run("agents", "approve", answer["proposal"], typed=added.out)).code == 2
    assert len(emulator.posts) == 0
    approved = await shell.run("agents", "approve", answer["proposal"], "--json", typed=f"{key}\n")
    assert (approved.code, json.loads(approved.out)["state"]) == (0, "sent"), approved.err
    assert len(emulator.posts) == 1

    logged = [json.loads(line) for line in (await shell.run("agents", "log", "--json")).out.splitlines()]
    assert [call["tool"] for call in logged] == ["add", "add approver", "propose_post", "approve", "approve"]
    record = media.parent / "agents.jsonl"
    record.write_bytes(record.read_bytes().replace(b"propose_post", b"propose_p0st", 1))
    broken = await shell.run("agents", "verify", "--json")
    assert (broken.code, json.loads(broken.out)["line"]) == (1, 3)


async def test_grants_are_changed_listed_and_revoked(shell: Shell, creator: Account, desk: AgentDesk) -> None:
    reading = ("--operation", "VIDEO_LIST", "--field", "video.*", "--account", creator.open_id)
    assert (await shell.run("agents", "add", "bot", *reading)).code == 0
    assert (await shell.run("agents", "add", "bot", *reading, "--field", "user.username", "--change")).code == 0
    listed = await shell.run("agents", "list", "--json")
    assert json.loads(listed.out)["fields"] == ["user.username", "video.*"]
    assert (await shell.run("agents", "revoke", "bot")).code == 0
    assert await desk.grants() == []
    gone = await shell.run("agents", "show", "bot")
    assert (gone.code, "no agent" in gone.err) == (2, True)


async def test_a_refusal_from_the_command_line_is_final(
    shell: Shell, creator: Account, desk: AgentDesk, grant_of: GrantOf
) -> None:
    await desk.add(grant_of(accounts={creator.open_id}))
    key = await desk.add_approver("anna")
    answer = await (await desk.gate("bot")).call("propose_post", {"file": "clip.mp4", "privacy_level": "SELF_ONLY"})
    environment = {"TIKTOK_APPROVER_KEY": key.reveal()}
    assert (await shell.run("agents", "refuse", answer["proposal"], "--reason", "no", **environment)).code == 0
    approved = await shell.run("agents", "approve", answer["proposal"], **environment)
    assert (approved.code, "anna refused it" in approved.err) == (2, True)


async def test_auto_approve_asks_for_an_approvers_key(shell: Shell, media: Path) -> None:
    wanted = (*ADD, "--account", "somebody", "--media-folder", str(media), "--auto-approve")
    refused = await shell.run(*wanted)
    assert (refused.code, "approver's key" in refused.err) == (2, True)


async def test_serving_two_things_at_once_is_a_usage_error(shell: Shell) -> None:
    done = await shell.run("agents", "serve", "--http", "--approvals")
    assert (done.code, "Say what to serve" in done.err) == (2, True)


@pytest.mark.parametrize(("what", "path", "status"), [("--http", "mcp", "401"), ("--approvals", "", "401")])
async def test_each_http_server_requires_a_key(shell: Shell, what: str, path: str, status: str) -> None:
    server = await shell.start("agents", "serve", what, "--port", "0")
    assert server.stderr is not None
    line = (await server.stderr.readline()).decode()
    url = line.split()[2]
    assert url.startswith("http://127.0.0.1:")
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET /{path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
    assert (await reader.readline()).decode().split()[1] == status
    writer.close()
    server.terminate()
    await server.communicate()
