"""Every grant of one operation with every tool, and every grant of one field with every field."""

from pathlib import Path
from typing import Any

import pytest

from tests.agents.conftest import GrantOf
from tiktok_async import Account
from tiktok_async.agents import AgentDesk
from tiktok_async.agents.rules.operations import AREAS, BY_TOOL, OPERATIONS, Operation
from tiktok_async.emulator import Emulator, ResearchData

OPERATION_LIST = list(OPERATIONS.values())
ARGUMENTS: dict[str, dict[str, Any]] = {
    "videos_by_id": {"ids": ["1"]},
    "propose_post": {"file": "clip.mp4", "privacy_level": "SELF_ONLY"},
    "send_draft": {"file": "clip.mp4"},
    "post_status": {"proposal": "none"},
    "research_videos": {"query": {"and": [{"operation": "EQ", "field_name": "region_code", "field_values": ["US"]}]}}
    | {"start": "2026-10-01", "end": "2026-10-20", "limit": 20},
    "research_comments": {"video_id": str(ResearchData().all[0].id)},
}


def arguments_of(tool: str) -> dict[str, Any]:
    return ARGUMENTS.get(tool, {"username": "emu_user_0000"} if tool.startswith("research") else {})


def grant_for(grant_of: GrantOf, operation: Operation) -> Any:
    fields = {f"{operation.area}.*"} if operation.area else set()
    return grant_of(operations={operation.endpoint}, fields=fields)


@pytest.mark.parametrize("granted", OPERATION_LIST, ids=lambda one: one.tool)
async def test_only_the_granted_tool_is_listed_and_reaches_tiktok(
    emulator: Emulator, desk: AgentDesk, grant_of: GrantOf, granted: Operation
) -> None:
    await desk.add(grant_for(grant_of, granted))
    gate = await desk.gate("bot")
    assert [tool.operation for tool in await gate.tools()] == [granted]
    emulator.requests.clear()
    for tool in BY_TOOL.values():
        if tool is not granted:
            answer = await gate.call(tool.tool, arguments_of(tool.tool))
            assert (answer["outcome"], answer["said"]) == ("refused", "There is no tool of that name")
    assert len(emulator.requests) == 0
    answer = await gate.call(granted.tool, arguments_of(granted.tool))
    assert answer["said"] != "There is no tool of that name" if "said" in answer else answer["outcome"] == "ok"
    endpoints = {record.endpoint for record in emulator.requests}
    allowed = {granted.endpoint, "TOKEN", "upload"}
    extra = {"propose_post": {"CREATOR_INFO"}, "send_draft": {"STATUS_FETCH"}}.get(granted.tool, set())
    assert {getattr(one, "name", one) for one in endpoints} <= {granted.endpoint.name, *allowed, *extra}


READS = ("profile", "videos", "creator_info")


@pytest.mark.parametrize(
    ("tool", "field"), [(tool, field) for tool in READS for field in AREAS[str(BY_TOOL[tool].area)]]
)
async def test_only_the_granted_field_is_returned(desk: AgentDesk, grant_of: GrantOf, tool: str, field: str) -> None:
    operation = BY_TOOL[tool]
    await desk.add(grant_of(operations={operation.endpoint}, fields={f"{operation.area}.{field}"}))
    gate = await desk.gate("bot")
    answer = await gate.call(tool, {})
    assert answer["outcome"] == "ok", answer
    data = answer["from_tiktok"]["data"]
    found = data["videos"] if tool == "videos" else [data["user" if tool == "profile" else "creator"]]
    assert found
    for item in found:
        assert set(item) <= {field}
    other = next(name for name in AREAS[str(operation.area)] if name != field)
    refused = await gate.call(tool, {"fields": [other]})
    assert (refused["outcome"], refused["problems"]) == ("refused", ["fields is not granted"])


@pytest.mark.parametrize(("widest", "number"), [("SELF_ONLY", 1), ("MUTUAL_FOLLOW_FRIENDS", 2)])
async def test_no_post_is_proposed_with_a_wider_privacy_level_than_granted(
    desk: AgentDesk, grant_of: GrantOf, widest: str, number: int
) -> None:
    levels = ["SELF_ONLY", "MUTUAL_FOLLOW_FRIENDS", "FOLLOWER_OF_CREATOR", "PUBLIC_TO_EVERYONE"]
    await desk.add(grant_of(widest_privacy=widest))
    gate = await desk.gate("bot")
    for level in levels:
        answer = await gate.call("propose_post", {"file": "clip.mp4", "privacy_level": level})
        assert answer["outcome"] == ("ok" if level in levels[:number] else "refused"), level


@pytest.mark.parametrize(
    "tool", [one for one in OPERATION_LIST if one.tool.startswith("research")], ids=lambda o: o.tool
)
async def test_research_returns_only_the_granted_fields_and_its_log_id_is_recorded(
    emulator: Emulator, desk: AgentDesk, grant_of: GrantOf, tool: Operation
) -> None:
    for names in (AREAS[str(tool.area)], AREAS[str(tool.area)][1:2]):
        grant = grant_of(operations={tool.endpoint}, fields={f"{tool.area}.{name}" for name in names})
        await desk.add(grant)
        gate = await desk.gate("bot")
        answer = await gate.call(tool.tool, arguments_of(tool.tool))
        assert answer["outcome"] == "ok", answer
        data = answer["from_tiktok"]["data"]
        lists = [one for one in data.values() if isinstance(one, list)]
        items = [data["user"]] if "user" in data else [item for one in lists for item in one]
        assert all(set(item) <= set(names) for item in items)
        assert (await desk.log(agent="bot"))[-1].log_id
        await desk.revoke("bot")
    assert emulator.requests.to(tool.endpoint)


async def test_a_grant_of_two_accounts_makes_the_account_a_required_argument(
    desk: AgentDesk, grant_of: GrantOf, account: Account, other_account: Account, media: Path
) -> None:
    assert media.is_dir()
    await desk.add(grant_of(accounts={account.open_id, other_account.open_id}))
    gate = await desk.gate("bot")
    answer = await gate.call("propose_post", {"file": "clip.mp4", "privacy_level": "SELF_ONLY"})
    assert answer["problems"] == ["account is missing"]
    assert "account" not in {
        one.name for tool in await gate.tools() if tool.operation.tool == "post_status" for one in tool.parameters
    }
