"""One approved proposal, tried again and again while TikTok fails and processes are killed: never a second post."""

import asyncio
import json
import random
import signal
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.agents.conftest import GrantOf, proposed
from tiktok_async import OutcomeUnknown, RetryPolicy, Secret, TikTokError, TikTokSession
from tiktok_async.agents import AgentDesk, AgentGate, AgentGrant, ProposalState
from tiktok_async.emulator import Emulator
from tiktok_async.models import Endpoint

# What can go wrong and leaves no doubt whether there is a post.
CERTAIN: list[tuple[Endpoint | str, dict[str, Any]]] = [
    (Endpoint.CREATOR_INFO, {"status": 403, "code": "spam_risk_too_many_posts"}),
    (Endpoint.VIDEO_INIT, {"status": 403, "code": "reached_active_user_cap"}),
    (Endpoint.VIDEO_INIT, {"status": 400}),
    (Endpoint.STATUS_FETCH, {"status": 400}),
    ("upload", {"status": 400}),
    ("upload", {"status": 403}),
]
# The others, after which nobody knows.
ANY = [
    *CERTAIN,
    (Endpoint.VIDEO_INIT, {"status": 500}),
    (Endpoint.VIDEO_INIT, {"drop": "after"}),
    (Endpoint.VIDEO_INIT, {"truncate": 10}),
    (Endpoint.STATUS_FETCH, {"drop": "after"}),
    ("upload", {"drop": "after"}),
]


@pytest.fixture
async def session(emulator: Emulator) -> AsyncIterator[TikTokSession]:
    """A session that waits for nothing, so that the emulator's time can stand still."""
    async with emulator.session(limiter="none://", retry=RetryPolicy(attempts=1)) as opened:
        yield opened


@pytest.fixture
def retries(*, full: bool) -> int:
    return 10_000 if full else 150


@pytest.mark.slow
async def test_ten_thousand_retries_under_faults_are_one_post(
    emulator: Emulator, desk: AgentDesk, gate: AgentGate, approver: Secret, retries: int
) -> None:
    proposal = await proposed(gate)
    dice = random.Random(21)
    states: set[str] = set()
    for number in range(retries):
        if dice.random() < 0.5:
            endpoint, fault = dice.choice(CERTAIN)
            emulator.fail_next(endpoint, **fault)
        if number % 7 == 6:
            # As after a kill behind the last byte, before that was kept.
            await desk._kept._notes.delete_note(desk._kept._key, f"outcome:{proposal}")
        try:
            states.add((await desk.approve(proposal, approver=approver)).state)
        except TikTokError as error:
            states.add(type(error).__name__)
    assert len(emulator.posts) == 1
    upload = emulator.posts[0].upload
    assert upload is not None
    assert upload.complete
    assert "sent" in states
    assert len(await desk.log(agent="anna")) == retries
    assert (await desk.verify()).intact


@pytest.mark.slow
async def test_retries_that_are_broken_off_anywhere_are_never_two_posts(
    emulator: Emulator, desk: AgentDesk, grant_of: GrantOf, approver: Secret, retries: int
) -> None:
    await desk.add(grant_of(ends_at=emulator.clock.now() + timedelta(days=1_000)))
    gate = await desk.gate("bot")
    dice = random.Random(22)
    endings: set[str] = set()
    for number in range(1, max(3, retries // 100) + 1):
        emulator.clock.advance(timedelta(days=1))  # each day has its own limits
        proposal = await proposed(gate)
        for _ in range(15):
            if dice.random() < 0.4:
                endpoint, fault = dice.choice(ANY)
                emulator.fail_next(endpoint, **fault)
            task = asyncio.ensure_future(desk.approve(proposal, approver=approver))
            await asyncio.wait([task], timeout=dice.choice([0.001, 0.005, 0.02, 5]))
            task.cancel()
            await asyncio.wait([task])
        emulator.state.faults.clear()
        standing = await desk.proposal(proposal)
        endings.add(standing.state)
        mine = [post for post in emulator.posts if post.publish_id == standing.publish_id]
        assert len(emulator.posts) <= number
        assert len(mine) == (1 if standing.state is ProposalState.SENT else len(mine))
    assert (await desk.verify()).intact
    assert endings


class Worker:
    """Starts processes that approve one proposal."""

    def __init__(self, settings: dict[str, str]) -> None:
        self._settings = settings

    async def start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.agents.approver", json.dumps(self._settings)),
            stdout=asyncio.subprocess.PIPE,
        )

    async def told(self) -> str:
        out, _ = await (await self.start()).communicate()
        return out.decode().strip()


@pytest.fixture
async def killed_at(emulator: Emulator, media: Path, tmp_path: Path) -> Any:
    """Kill a process that approves a proposal while TikTok works on a call, and let TikTok finish it."""
    store = f"sqlite:///{tmp_path}/tokens.db"
    record = tmp_path / "record.jsonl"

    async def run(endpoint: Endpoint | str) -> tuple[AgentDesk, str, Worker, TikTokSession]:
        session = emulator.session(store=store)
        account = await emulator.connect(session, emulator.add_user())
        desk = AgentDesk(session, record=record)
        key = await desk.add_approver("anna")
        await desk.add(
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
        proposal = await proposed(await desk.gate("bot"))
        worker = Worker(
            {
                "client_key": emulator.client_key,
                "client_secret": emulator.client_secret,
                "url": emulator.url,
                "store": store,
                "record": str(record),
                "now": emulator.clock.now().isoformat(),
                "proposal": proposal,
                "key": key.reveal(),
            }
        )
        before = emulator.requests.counts[endpoint]
        emulator.fail_next(endpoint, delay=timedelta(seconds=20))
        process = await worker.start()
        while emulator.requests.counts[endpoint] == before:
            await asyncio.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        await process.communicate()
        emulator.clock.advance(21)
        return desk, proposal, worker, session

    return run


@pytest.mark.parametrize(
    ("endpoint", "then"),
    [
        (Endpoint.CREATOR_INFO, "sent"),
        (Endpoint.VIDEO_INIT, "OutcomeUnknown"),
        ("upload", "sent"),
        (Endpoint.STATUS_FETCH, "sent"),
    ],
)
async def test_a_kill_on_the_way_leaves_one_post_at_most_and_unknown_in_the_record(
    emulator: Emulator, killed_at: Any, endpoint: Endpoint | str, then: str
) -> None:
    desk, proposal, worker, session = await killed_at(endpoint)
    async with session:
        assert [call.outcome for call in await desk.log(agent="anna")] == ["unknown"]
        assert await worker.told() == then
        assert await worker.told() == then
        assert len(emulator.posts) <= 1
        if then == "sent":
            assert emulator.posts[0].sha256 == (await desk.proposal(proposal)).frozen.sha256
        assert (await desk.verify()).intact
        await session.store.aclose()


async def test_who_comes_while_another_posts_does_not_post_too(
    emulator: Emulator, desk: AgentDesk, gate: AgentGate, approver: Secret, tmp_path: Path
) -> None:
    proposal = await proposed(gate)
    other = AgentDesk(desk.session, record=tmp_path / "record.jsonl")
    emulator.fail_next(Endpoint.VIDEO_INIT, delay=timedelta(seconds=20))
    first = asyncio.ensure_future(desk.approve(proposal, approver=approver))
    while not emulator.requests.to(Endpoint.VIDEO_INIT):
        await asyncio.sleep(0.001)
    with pytest.raises(OutcomeUnknown):
        await other.approve(proposal, approver=approver)
    emulator.clock.advance(21)
    assert (await first).state is ProposalState.SENT
    assert len(emulator.posts) == 1
