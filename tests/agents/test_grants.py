"""Which grants are valid, which key belongs to whom, and that a change applies at once."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.agents.conftest import GrantOf
from tiktok_async import Account, ConfigurationError, Secret, TikTokSession
from tiktok_async.agents import AgentDesk, AgentGate, AgentGrant
from tiktok_async.agents.rules.grant import narrower
from tiktok_async.agents.rules.operations import AREAS, OPERATIONS
from tiktok_async.emulator import Emulator
from tiktok_async.models import Endpoint, PrivacyLevel

ENDS = datetime(2030, 1, 1, tzinfo=UTC)


def names(gate_tools: list[object]) -> set[str]:
    return {tool.operation.tool for tool in gate_tools}  # type: ignore[attr-defined] # any list of tools


@pytest.mark.parametrize("endpoint", [one for one in Endpoint if one not in OPERATIONS])
def test_no_endpoint_of_logins_tokens_and_archives_can_be_granted(endpoint: Endpoint) -> None:
    with pytest.raises(ConfigurationError, match="no operation that an agent can be granted"):
        AgentGrant(agent="bot", operations={endpoint}, accounts={"a"}, fields={"user.*"}, ends_at=ENDS)


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ({"agent": "Bot"}, "small letters"),
        ({"agent": ""}, "small letters"),
        ({"agent": "b" * 51}, "small letters"),
        ({"operations": set()}, "no operation"),
        ({"ends_at": datetime(2030, 1, 1)}, "time zone"),  # noqa: DTZ001 - naive on purpose
        ({"accounts": {""}}, "account is empty"),
        ({"accounts": set()}, "works on accounts"),
        ({"fields": {"user.password"}}, "no field"),
        ({"fields": {"nothing"}}, "no field"),
        ({"operations": {"VIDEO_LIST"}}, "VIDEO_LIST gives fields of video"),
        ({"media_folder": "relative"}, "absolute"),
        ({"media_folder": None}, "need a media_folder"),
        ({"posts_a_day": 0}, "at least 1"),
        ({"posts_a_day": 101}, "0 to 100"),
        ({"widest_privacy": None}, "need widest_privacy"),
        ({"operations": {"STATUS_FETCH"}, "auto_approve": True}, "approves nothing"),
    ],
)
def test_parts_that_do_not_fit_together_are_reported(grant_of: GrantOf, parts: dict[str, object], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem) as caught:
        grant_of(**parts)
    assert caught.value.problems


def test_a_string_is_not_a_collection_of_accounts(grant_of: GrantOf) -> None:
    with pytest.raises(ConfigurationError, match="not one text"):
        grant_of(accounts="open-id")


def test_an_unknown_privacy_level_is_refused(grant_of: GrantOf) -> None:
    with pytest.raises(ConfigurationError, match="no privacy level"):
        grant_of(widest_privacy="EVERYBODY")


def test_a_grant_survives_a_round_trip_through_json(grant_of: GrantOf) -> None:
    grant = grant_of(operations={"VIDEO_INIT", "VIDEO_LIST"}, fields={"video.title"})
    assert AgentGrant.from_dict(grant.to_dict()) == grant


async def test_a_key_is_shown_once_and_kept_as_a_digest(
    desk: AgentDesk, grant_of: GrantOf, session: TikTokSession, tmp_path: Path
) -> None:
    key = await desk.add(grant_of())
    assert await desk.agent_of(key) == "bot"
    assert key.reveal() not in str(vars(session.store)) + (tmp_path / "record.jsonl").read_text()


@pytest.mark.parametrize(
    "key", ["", "agent.bot.", "agent.bot.x", "agent.nobody.x", "agent.bot", "nonsense", "\udfff.."]
)
async def test_no_other_key_belongs_to_the_agent(desk: AgentDesk, grant_of: GrantOf, key: str) -> None:
    await desk.add(grant_of())
    assert await desk.agent_of(key) is None


async def test_an_agents_key_cannot_approve_and_an_approvers_key_belongs_to_no_agent(
    desk: AgentDesk, grant_of: GrantOf, approver: Secret
) -> None:
    key = await desk.add(grant_of(agent="anna"))
    assert await desk.agent_of(approver) is None
    with pytest.raises(ConfigurationError, match="approver's key"):
        await desk.approver(key)


async def test_a_name_can_be_used_again_only_after_its_agent_is_revoked(desk: AgentDesk, grant_of: GrantOf) -> None:
    old = await desk.add(grant_of())
    with pytest.raises(ConfigurationError, match="already"):
        await desk.add(grant_of())
    await desk.revoke("bot")
    new = await desk.add(grant_of())
    assert (await desk.agent_of(old), await desk.agent_of(new)) == (None, "bot")
    assert [grant.agent for grant in await desk.grants()] == ["bot"]


async def test_a_changed_grant_applies_at_the_next_call(desk: AgentDesk, grant_of: GrantOf, gate: AgentGate) -> None:
    assert names([*await gate.tools()]) == {"propose_post", "post_status"}
    await desk.change(grant_of(operations={"VIDEO_LIST"}, fields={"video.title"}))
    assert names([*await gate.tools()]) == {"videos"}
    assert (await gate.call("propose_post", {}))["said"] == "There is no tool of that name"
    assert (await gate.call("videos", {}))["outcome"] == "ok"


async def test_a_fixed_grant_can_lose_operations_and_cannot_gain_any(desk: AgentDesk, grant_of: GrantOf) -> None:
    await desk.add(grant_of())
    fixed = await desk.gate("bot", fixed=True)
    await desk.change(grant_of(operations={"STATUS_FETCH", "VIDEO_LIST"}, fields={"video.title"}))
    assert names([*await fixed.tools()]) == {"post_status"}


async def test_a_revoked_agent_has_no_tools_and_its_calls_are_refused(desk: AgentDesk, gate: AgentGate) -> None:
    await desk.revoke("bot")
    assert await gate.tools() == []
    assert "ended or was revoked" in (await gate.call("post_status", {"proposal": "x"}))["said"]
    with pytest.raises(ConfigurationError, match="no agent"):
        await desk.revoke("bot")


async def test_a_grant_and_its_key_end_at_the_same_time(emulator: Emulator, desk: AgentDesk, grant_of: GrantOf) -> None:
    key = await desk.add(grant_of())
    gate = await desk.gate("bot")
    emulator.clock.advance(timedelta(days=11))
    assert await gate.tools() == []
    assert await desk.agent_of(key) is None


async def test_auto_approve_needs_an_approver(desk: AgentDesk, grant_of: GrantOf, approver: Secret) -> None:
    with pytest.raises(ConfigurationError, match="approver's key"):
        await desk.add(grant_of(auto_approve=True))
    await desk.add(grant_of(auto_approve=True), approver=approver)
    assert [call.agent for call in await desk.log()][-1] == "anna"


async def test_a_second_approver_is_added_with_the_key_of_the_first(desk: AgentDesk, approver: Secret) -> None:
    with pytest.raises(ConfigurationError, match="approver's key"):
        await desk.add_approver("eve")
    await desk.add_approver("ben", approver=approver)
    assert await desk.approvers() == ["anna", "ben"]
    await desk.remove_approver("anna")
    with pytest.raises(ConfigurationError, match="approver's key"):
        await desk.approver(approver)


async def test_a_missing_media_folder_is_refused(desk: AgentDesk, grant_of: GrantOf, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is no folder"):
        await desk.add(grant_of(media_folder=str(tmp_path / "missing")))


async def test_a_store_without_notes_cannot_have_a_desk(session: TikTokSession, tmp_path: Path) -> None:
    class Bare:
        client_key = session.client_key
        clock = session.clock
        store = object()

    with pytest.raises(ConfigurationError, match="keeps notes"):
        AgentDesk(Bare(), record=tmp_path / "r.jsonl")  # type: ignore[arg-type] # a stand-in of three attributes


GRANTS = st.builds(
    AgentGrant,
    agent=st.just("bot"),
    operations=st.sets(st.sampled_from(sorted(OPERATIONS, key=lambda one: one.name)), min_size=1),
    accounts=st.sets(st.sampled_from("abc"), min_size=1),
    fields=st.sets(st.sampled_from(["user.username", "video.title", "video.*", "creator.*"])).map(
        lambda some: some | {f"{area}.{fields[0]}" for area, fields in AREAS.items()}
    ),
    widest_privacy=st.sampled_from(PrivacyLevel),
    media_folder=st.sampled_from(["/a", "/b"]),
    posts_a_day=st.integers(1, 3),
    ends_at=st.sampled_from([ENDS, ENDS + timedelta(days=1)]),
)


@given(GRANTS, GRANTS)
def test_the_intersection_of_two_grants_allows_only_what_both_allow(first: AgentGrant, second: AgentGrant) -> None:
    both = narrower(first, second)
    if both is None:
        return
    for one in (first, second):
        assert both.operations <= one.operations
        assert both.accounts <= one.accounts
        assert all(set(both.fields_of(area)) <= set(one.fields_of(area)) for area in AREAS)
        assert set(both.levels()) <= set(one.levels())
        assert both.posts_a_day <= one.posts_a_day
        assert both.ends_at <= one.ends_at
        assert both.media_folder in {None, one.media_folder}


@given(GRANTS)
def test_the_intersection_of_a_grant_with_itself_is_the_same_grant(grant: AgentGrant) -> None:
    both = narrower(grant, grant)
    assert both is not None
    assert (both.operations, both.accounts, both.levels()) == (grant.operations, grant.accounts, grant.levels())


async def test_a_grant_of_one_account_gives_no_access_to_another(
    desk: AgentDesk, grant_of: GrantOf, account: Account, other_account: Account
) -> None:
    await desk.add(grant_of(operations={"VIDEO_LIST"}, fields={"video.title"}))
    gate = await desk.gate("bot")
    answer = await gate.call("videos", {"account": other_account.open_id})
    assert (answer["outcome"], answer["problems"]) == ("refused", ["account is not granted"])
    assert other_account.open_id not in str(answer)
    assert (await gate.call("videos", {"account": account.open_id}))["outcome"] == "ok"
