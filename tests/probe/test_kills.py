"""A probe killed at any point of `rotate` loses no more logins than a refresh of the library, and continues."""

import asyncio
import json
import random
import sys
from asyncio.subprocess import PIPE, Process
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.probe.conftest import Hurried
from tiktok_async import AccountKey, ReauthorizationRequired, Token
from tiktok_async.emulator import EmulatedUser, Emulator, RecordedRequest
from tiktok_async.models import Endpoint
from tiktok_async.probe import Level, Probe, RunState, Watch, mark_of
from tiktok_async.stores import SQLiteTokenStore

_SCRIPT = Path(__file__).parent / "rotating.py"


class Victim:
    """One emulator with one account, and the process that probes it."""

    def __init__(self, emulator: Emulator, user: EmulatedUser, folder: Path) -> None:
        self.emulator = emulator
        self.user = user
        self.tokens = folder / "tokens.db"
        self.file = folder / "run.json"
        self.key = AccountKey(emulator.client_key, user.open_id)

    async def log_in(self) -> None:
        store = SQLiteTokenStore(self.tokens)
        async with self.emulator.session(store=store) as session:
            await self.emulator.connect(session, self.user)
        await store.aclose()
        self.emulator.requests.clear()

    async def start(self) -> Process:
        settings = {
            "client_key": self.emulator.client_key,
            "client_secret": self.emulator.client_secret,
            "store": f"sqlite:///{self.tokens}",
            "url": self.emulator.url,
            "authorize_url": self.emulator.authorize_url,
            "open_id": self.user.open_id,
            "file": str(self.file),
        }
        return await asyncio.create_subprocess_exec(sys.executable, str(_SCRIPT), json.dumps(settings), stdout=PIPE)

    async def stored(self) -> Token:
        store = SQLiteTokenStore(self.tokens)
        token = await store.get(self.key)
        await store.aclose()
        assert token is not None
        return token

    def works(self, token: Token) -> bool:
        """Whether TikTok still takes the stored refresh token."""
        grant = self.emulator.state.grants._refresh[token.refresh_token.reveal()]
        return grant.rotated_at is None

    async def go_on(self) -> tuple[dict[str, Any] | None, str | None]:
        """Run the probe to its end in another process, after the lease of the dead one."""
        self.emulator.clock.advance(timedelta(minutes=3))
        mark = mark_of(self.emulator.client_key, self.user.open_id)
        state = RunState.load(self.file, mark) if self.file.exists() else None
        watch, clock = Watch(), Hurried(self.emulator.clock)
        store = SQLiteTokenStore(self.tokens, clock=clock)
        try:
            async with self.emulator.session(store=store, transport=watch.around, clock=clock) as session:
                state = state or RunState(file=self.file, mark=mark, level=Level.ROTATE)
                report = await Probe(session, watch, self.user.open_id, state).run()
        except ReauthorizationRequired as error:
            return None, error.reason
        finally:
            await store.aclose()
        return report, None


async def killed(victim: Victim, *, after: int | None = None, held: bool = False, wait: float | None = None) -> bool:
    """Kill the process after so many requests, in the middle of its refresh, or at a moment; return whether it died."""
    wanted = asyncio.Event()
    seen = 0

    def answered(request: RecordedRequest) -> None:
        nonlocal seen
        seen += request.status != 0
        if after is not None and seen >= after:
            wanted.set()

    victim.emulator.requests.on_answer = answered
    if held:
        victim.emulator.fail_next(Endpoint.TOKEN, delay=timedelta(hours=1))
    process = await victim.start()
    assert process.stdout is not None
    await process.stdout.readline()
    ended = asyncio.ensure_future(process.wait())
    if held:
        while not victim.emulator.requests.counts[Endpoint.TOKEN]:
            await asyncio.sleep(0.005)
        wanted.set()
    waiting = asyncio.ensure_future(wanted.wait() if wait is None else asyncio.sleep(wait))
    await asyncio.wait({ended, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    lives = process.returncode is None
    if lives:
        process.kill()
    await ended
    victim.emulator.requests.on_answer = None
    return lives


async def check(emulator: Emulator, folder: Path, **kill: Any) -> bool:
    """Kill a run, check the result, and continue; return whether it died."""
    victim = Victim(emulator, emulator.add_user(videos=3), folder)
    await victim.log_in()
    died = await killed(victim, **kill)
    token = await victim.stored()
    alive = victim.works(token)
    # Only between TikTok's rotation and the save is the new token in no store: the library's own refresh has that, too.
    assert alive or token.attempt is not None
    report, reason = await victim.go_on()
    if alive:
        assert reason is None
        assert report is not None
        rows = {row["question"]: row["side"] for row in report["answers"]}
        assert (rows["rotation"], rows["access_life"], rows["bad_token"]) == ("strict", "2h", "401")
        assert victim.works(await victim.stored())
    else:
        assert reason == "interrupted_rotation"
    assert emulator.reuses[victim.user.open_id] <= (0 if alive else 1)
    return died


@pytest.mark.parametrize("kill", [{"held": True}, {"after": 1}, {"after": 4}], ids=str)
async def test_a_killed_probe_loses_no_login_and_the_next_one_continues(
    emulator: Emulator, tmp_path: Path, kill: dict[str, Any]
) -> None:
    assert await check(emulator, tmp_path, **kill)


@pytest.mark.slow
async def test_a_probe_that_is_killed_anywhere_loses_no_login(tmp_path: Path, *, full: bool) -> None:
    rng = random.Random(8)
    kills: list[dict[str, Any]] = [{"after": number} for number in range(1, 30)] if full else [{"after": 2}]
    kills += [{"wait": rng.random() * 0.6} for _ in range(60 if full else 1)]
    for number, kill in enumerate(kills):
        folder = tmp_path / str(number)
        folder.mkdir()
        async with Emulator() as emulator:
            await check(emulator, folder, **kill)
