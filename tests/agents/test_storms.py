"""Many attempts at one approved proposal, while TikTok fails and processes are killed, never make a second post."""

import asyncio
import json
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.agents.conftest import GrantOf, proposed
from tiktok_async import OutcomeUnknown, RetryPolicy, Secret, TikTokError, TikTokSession
from tiktok_async.agents import AgentDesk, AgentGate, AgentGrant, ProposalState
from tiktok_async.emulator import Emulator
from tiktok_async.models import Endpoint

# Faults after which it is certain whether there is a post.
CERTAIN: list[tuple[Endpoint | str, dict[str, Any]]] = [
    (Endpoint.CREATOR_INFO, {"status": 403, "code": "spam_risk_too_many_posts"}),
    (Endpoint.VIDEO_INIT, {"status": 403, "code": "reached_active_user_cap"}),
    (Endpoint.VIDEO_INIT, {"status": 400}),
    (Endpoint.STATUS_FETCH, {"status": 400}),
    ("upload", {"status": 400}),
    ("upload", {"status": 403}),
]
# All faults, also those after which this is not certain.
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
    """A session without any wait, so the emulator's clock need not advance."""
    async with emulator.session(limiter="none://", retry=RetryPolicy(attempts=1)) as opened:
        yield opened


@pytest.fixture
def retries(*, full: bool) -> int:
    return 10_000 if full else 150


@pytest.mark.slow
async def test_ten_thousand_retries_under_faults_make_one_post(
    emulator: Emulator, desk: AgentDesk, gate: AgentGate, approver: Secret, retries: int
) -> None:
    proposal = await proposed(gate)
    rng = random.Random(21)
    states: set[str] = set()
    for number in range(retries):
        if rng.random() < 0.5:
            endpoint, fault = rng.choice(CERTAIN)
            emulator.fail_next(endpoint, **fault)
        if number % 7 == 6:
            # The same state as after a kill between the last byte and the storing of the outcome.
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
async def test_retries_that_are_cancelled_anywhere_never_make_two_posts(
    emulator: Emulator, desk: AgentDesk, grant_of: GrantOf, approver: Secret, retries: int
) -> None:
    await desk.add(grant_of(ends_at=emulator.clock.now() + timedelta(days=1_000)))
    gate = await desk.gate("bot")
    rng = random.Random(22)
    endings: set[str] = set()
    for number in range(1, max(3, retries // 100) + 1):
        emulator.clock.advance(timedelta(days=1))  # each day has its own limits
        proposal = await proposed(gate)
        for _ in range(15):
            if rng.random() < 0.4:
                endpoint, fault = rng.choice(ANY)
                emulator.fail_next(endpoint, **fault)
            task = asyncio.ensure_future(desk.approve(proposal, approver=approver))
            await asyncio.wait([task], timeout=rng.choice([0.001, 0.005, 0.02, 5]))
            task.cancel()
            await asyncio.wait([task])
        emulator.state.faults.clear()
        current = await desk.proposal(proposal)
        endings.add(current.state)
        mine = [post for post in emulator.posts if post.publish_id == current.publish_id]
        assert len(emulator.posts) <= number
        assert len(mine) == (1 if current.state is ProposalState.SENT else len(mine))
    assert (await desk.verify()).intact
    assert endings


class Worker:
    """Starts processes that approve one proposal."""

    def __init__(self, settings: dict[str, str]) -> None:
        self._settings = settings
        self.key = settings["key"]

    async def start(self, **more: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.agents.approver", json.dumps({**self._settings, **more})),
            stdout=asyncio.subprocess.PIPE,
        )

    async def outcome(self) -> str:
        out, _ = await (await self.start()).communicate()
        return out.decode().strip()


class SharedProposal(NamedTuple):
    """A proposal, and the desk and the worker of the processes that share it."""

    desk: AgentDesk
    proposal: str
    worker: Worker


@pytest.fixture
async def shared(emulator: Emulator, media: Path, tmp_path: Path) -> AsyncIterator[SharedProposal]:
    """A proposal in a SQLite file, and a worker that starts processes to approve it."""
    store = f"sqlite:///{tmp_path}/tokens.db"
    record = tmp_path / "record.jsonl"
    async with emulator.session(store=store, limiter="none://", retry=RetryPolicy(attempts=1)) as session:
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
        yield SharedProposal(desk, proposal, worker)
        await session.store.aclose()


async def kill_at(endpoint: Endpoint | str, emulator: Emulator, worker: Worker) -> None:
    """Kill an approving process while TikTok works on its call, and let TikTok finish the call."""
    before = emulator.requests.counts[endpoint]
    emulator.fail_next(endpoint, delay=timedelta(seconds=20))
    process = await worker.start()
    while emulator.requests.counts[endpoint] == before:
        await asyncio.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    await process.communicate()
    emulator.clock.advance(21)


@pytest.mark.parametrize(
    ("endpoint", "then"),
    [
        (Endpoint.CREATOR_INFO, "sent"),
        (Endpoint.VIDEO_INIT, "OutcomeUnknown"),
        ("upload", "sent"),
        (Endpoint.STATUS_FETCH, "sent"),
    ],
)
async def test_a_kill_during_a_call_leaves_at_most_one_post_and_unknown_in_the_record(
    emulator: Emulator, shared: SharedProposal, endpoint: Endpoint | str, then: str
) -> None:
    desk, proposal, worker = shared
    await kill_at(endpoint, emulator, worker)
    assert [call.outcome for call in await desk.log(agent="anna")] == ["unknown"]
    assert await worker.outcome() == then
    assert await worker.outcome() == then
    assert len(emulator.posts) <= 1
    if then == "sent":
        assert emulator.posts[0].sha256 == (await desk.proposal(proposal)).frozen.sha256
    assert (await desk.verify()).intact


class RetryStorm:
    """Starts processes that retry, three at a time, and kills most of them.

    Args:
        emulator: Its clock advances by a minute before each process; TikTok's limits then allow some calls.
        worker: Starts them.
        rng: Decides which processes are killed, and when.
        each: How many times a process tries if it is not killed; a killed process tries fewer times.

    Attributes:
        outcomes: How often the processes wrote each state or error.
        processes: How many were started.
        kills: How many were killed.
    """

    def __init__(self, emulator: Emulator, worker: Worker, rng: random.Random, each: int) -> None:
        self._clock = emulator.clock
        self._worker = worker
        self._rng = rng
        self._each = each
        self.outcomes: Counter[str] = Counter()
        self.processes = 0
        self.kills = 0

    async def run(self, retries: int) -> None:
        """Start processes, three at a time, until they have written the outcomes of *retries* attempts."""

        async def start_more() -> None:
            while self.outcomes.total() < retries:
                await self._process()

        async with asyncio.TaskGroup() as running:
            for _ in range(3):
                running.create_task(start_more())

    async def _process(self) -> None:
        number = self.processes = self.processes + 1
        # The first process and most others are killed, after *last* attempts and some milliseconds of the next one.
        last = self._rng.randrange(self._each) if number == 1 or self._rng.random() < 0.75 else None
        moments = self._rng.randrange(15)
        self._clock.advance(timedelta(minutes=1))
        now = self._clock.now().isoformat()
        # A process that is to be killed must not end before that.
        times = self._each if last is None else 100 * self._each
        process = await self._worker.start(times=str(times), seed=str(number), now=now)
        output = process.stdout
        assert output is not None
        assert await output.readline() == b"\n"
        for _ in range(self._each if last is None else last):
            self.outcomes[(await output.readline()).decode().strip()] += 1
        if last is not None:
            for _ in range(moments):
                await asyncio.sleep(0.001)
            process.send_signal(signal.SIGKILL)
            self.kills += 1
        # The lines that it wrote after the last line that was read.
        rest, _ = await process.communicate()
        self.outcomes.update(rest.decode().split())
        assert process.returncode == (0 if last is None else -signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_retries_from_killed_processes_under_faults_make_one_post(
    emulator: Emulator, shared: SharedProposal, retries: int, *, full: bool
) -> None:
    desk, proposal, worker = shared
    faults: list[tuple[Endpoint | str, float, dict[str, Any]]] = [
        (Endpoint.CREATOR_INFO, 0.2, {"status": 403, "code": "spam_risk_too_many_posts"}),
        (Endpoint.VIDEO_INIT, 0.9, {"status": 403, "code": "reached_active_user_cap"}),
        (Endpoint.STATUS_FETCH, 0.2, {"status": 400}),
        (Endpoint.STATUS_FETCH, 0.1, {"drop": "after"}),
        ("upload", 0.7, {"status": 400}),
        ("upload", 0.2, {"drop": "after"}),
    ]
    for endpoint, share, fault in faults:
        emulator.fail_next(endpoint, times=100 * retries, share=share, **fault)
    storm = RetryStorm(emulator, worker, random.Random(23), each=300 if full else 40)
    await storm.run(retries if full else retries // 2)
    emulator.state.faults.clear()
    emulator.clock.advance(timedelta(minutes=1))
    outcome: str
    try:
        outcome = (await desk.approve(proposal, approver=worker.key)).state
    except OutcomeUnknown:
        outcome = "unknown"
    # The outcome is unknown only if a process was killed within the call that makes the post; then there may be none.
    assert len(emulator.posts) == 1 if outcome == "sent" else len(emulator.posts) <= 1
    assert (await desk.proposal(proposal)).state == outcome
    if outcome == "sent":
        assert emulator.posts[0].sha256 == (await desk.proposal(proposal)).frozen.sha256
    record = await desk.log(agent="anna")
    assert len(record) >= storm.outcomes.total()
    assert sum(call.ended_at is None for call in record) <= storm.kills
    assert storm.kills
    assert (await desk.verify()).intact


async def test_a_second_approval_during_the_first_makes_no_second_post(
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
