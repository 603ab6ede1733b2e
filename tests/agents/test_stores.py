"""Grants and proposals are kept in any store with notes, and an agent can do nothing without its store."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.agents.conftest import proposed
from tests.conftest import RedisServer
from tests.postgres_server import new_schema
from tiktok_async import ConfigurationError, RetryPolicy, Secret, StoreError
from tiktok_async.agents import AgentDesk, AgentGrant, ProposalState
from tiktok_async.emulator import Emulator
from tiktok_async.stores import (
    EncryptedTokenStore,
    PostgresTokenStore,
    RedisTokenStore,
    SQLiteTokenStore,
    generate_store_key,
)


@pytest.fixture(params=["sqlite", "redis", "postgres", "encrypted"])
async def desk(
    request: pytest.FixtureRequest, emulator: Emulator, media: Path, tmp_path: Path
) -> AsyncIterator[AgentDesk]:
    """A desk on each kind of store, with an agent that may propose posts."""
    store: PostgresTokenStore | RedisTokenStore | SQLiteTokenStore
    if request.param == "redis":
        store = RedisTokenStore(request.getfixturevalue("redis_url"), prefix=f"agents-{tmp_path.name}")
    elif request.param == "postgres":
        store = PostgresTokenStore(request.getfixturevalue("postgres").url(schema=new_schema()))
    else:
        store = SQLiteTokenStore(tmp_path / "tokens.db")
    kept = EncryptedTokenStore(store, keys=[generate_store_key()]) if request.param == "encrypted" else store
    async with emulator.session(store=kept) as session:
        account = await emulator.connect(session, emulator.add_user())
        opened = AgentDesk(session, record=tmp_path / "record.jsonl")
        await opened.add(
            AgentGrant(
                agent="bot",
                operations={"VIDEO_INIT"},
                accounts={account.open_id},
                widest_privacy="SELF_ONLY",
                media_folder=str(media),
                posts_a_day=5,
                ends_at=session.clock.now() + timedelta(days=2),
            )
        )
        yield opened
    await store.aclose()


async def test_a_grant_leads_to_a_post_with_any_store(desk: AgentDesk, emulator: Emulator) -> None:
    anna = await desk.add_approver("anna")
    gate = await desk.gate("bot")
    first, second = await proposed(gate), await proposed(gate)
    assert (await desk.approve(first, approver=anna)).state is ProposalState.SENT
    assert (await desk.refuse(second, approver=anna)).state is ProposalState.REFUSED
    assert [one.id for one in await desk.proposals()] == [first, second]
    assert [grant.agent for grant in await desk.grants()] == ["bot"]
    assert (await desk.verify()).intact
    await desk.revoke("bot")
    assert await desk.grants() == []
    assert len(emulator.posts) == 1


async def test_an_agent_can_do_nothing_without_its_store(
    own_redis: RedisServer, emulator: Emulator, tmp_path: Path
) -> None:
    store = RedisTokenStore(own_redis.url)
    async with emulator.session(store=store, retry=RetryPolicy(attempts=1)) as session:
        account = await emulator.connect(session, emulator.add_user())
        desk = AgentDesk(session, record=tmp_path / "record.jsonl")
        ends_at = session.clock.now() + timedelta(days=2)
        operations, fields = {"VIDEO_LIST"}, {"video.title"}
        grant = AgentGrant(
            agent="bot", operations=operations, accounts={account.open_id}, fields=fields, ends_at=ends_at
        )
        await desk.add(grant)
        gate = await desk.gate("bot")
        own_redis.kill()
        emulator.requests.clear()
        answer = await gate.call("videos", {})
        assert (answer["outcome"], len(emulator.requests)) == ("refused", 0)
        assert answer["said"].startswith("The store of grants cannot be reached")
        with pytest.raises(StoreError):
            await desk.approve("any", approver=Secret("approver.anna.x"))
    await store.aclose()


async def test_a_desk_without_an_approver_posts_nothing(desk: AgentDesk, emulator: Emulator) -> None:
    proposal = await proposed(await desk.gate("bot"))
    with pytest.raises(ConfigurationError):
        await desk.approve(proposal, approver="")
    assert len(emulator.posts) == 0
