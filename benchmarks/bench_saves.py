"""How long a rotated token is in memory only: from TikTok's answer until it is stored, in eight busy processes.

    python -m benchmarks.bench_saves [memory] [sqlite] [redis] [--quick]

Each process refreshes its own accounts at the emulator, while its other tasks call TikTok and write to the same store:
hundreds of records at once, notes, checkpoints. The emulator puts the time at which it makes a token into the token.
Goal: at most 20 ms at the 99th percentile.
"""

import asyncio
import multiprocessing as mp
import os
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks._rows import Row, alone, main
from tests.conftest import RedisServer
from tiktok_async import AccountKey, Secret, TikTokSession, Token
from tiktok_async.emulator import Emulator
from tiktok_async.emulator.engine.grants import Grants
from tiktok_async.models import Checkpoint, Endpoint
from tiktok_async.stores import MemoryTokenStore, open_checkpoints, open_store

CONTEXT = mp.get_context("spawn")
PROCESSES = 8
ACCOUNTS = 8  # of each process
BULK = 200  # records at once


class App(NamedTuple):
    """Where the emulator is, and who is logged in there: open_id, access token, refresh token."""

    url: str
    client_key: str
    client_secret: str
    accounts: list[tuple[str, str, str]]


def provide(pipe: Pipe) -> None:
    """Serve as TikTok until told to stop."""
    make = Grants._token  # noqa: SLF001 - see below

    def stamped(self: Grants, prefix: str) -> str:
        return f"{make(self, prefix)}.{time.monotonic_ns()}"

    # The one place where the emulator makes its tokens.
    setattr(Grants, "_token", stamped)  # noqa: B010 - a plain assignment is refused by the type checker

    async def serve() -> None:
        async with Emulator(limits=dict.fromkeys(Endpoint, None)) as emulator:
            store = MemoryTokenStore()
            async with emulator.session(store=store) as session:
                for _ in range(PROCESSES * ACCOUNTS):
                    await emulator.connect(session, emulator.add_user())
            tokens = [await store.get(key) async for key in store.keys(emulator.client_key)]
            accounts = [
                (token.key.open_id, token.access_token.reveal(), token.refresh_token.reveal())
                for token in tokens
                if token is not None
            ]
            pipe.send(App(emulator.url, emulator.client_key, emulator.client_secret, accounts))
            await asyncio.to_thread(pipe.recv)

    asyncio.run(serve())


def work(pipe: Pipe, url: str, app: App, seconds: float) -> None:
    """Refresh and be busy, then say how many milliseconds each new token was not stored."""
    asyncio.run(Busy(url, app).run(pipe, seconds))


class Busy:
    """One process: what it does at the same time."""

    def __init__(self, url: str, app: App) -> None:
        self._app = app
        self._store: Any = open_store(url)
        self._checkpoints = None if url.startswith("memory:") else open_checkpoints(url)
        self._waits: list[float] = []

    async def run(self, pipe: Pipe, seconds: float) -> None:
        """Log in, wait for the others, be busy, and send the waits."""
        app, store = self._app, self._store
        for open_id, act, rft in app.accounts:
            await store.put(_token(AccountKey(app.client_key, open_id), act, rft), expected_version=None)
        for name in ("put", "put_urgent"):
            if hasattr(store, name):
                setattr(store, name, _measured(getattr(store, name), self._waits))
        async with TikTokSession(
            client_key=app.client_key, client_secret=app.client_secret, base_url=app.url, store=store, limiter="none://"
        ) as session:
            await self._call(session, app.accounts[0][0])
            pipe.send(None)
            await asyncio.to_thread(pipe.recv)
            await self._all(session, time.monotonic() + seconds)
        if self._checkpoints is not None:
            await self._checkpoints.aclose()
        await store.aclose()
        pipe.send(self._waits)

    async def _all(self, session: TikTokSession, end: float) -> None:
        async def again(act: Callable[[TikTokSession, str], Awaitable[object]], pause: float, open_id: str) -> None:
            while time.monotonic() < end:
                await asyncio.sleep(2 * pause * random.random())
                await act(session, open_id)

        names = [open_id for open_id, _, _ in self._app.accounts]
        busy = [(self._call, 0.1), (self._note, 0.1)]
        if self._checkpoints is not None:
            busy += [(self._bulk, 0.3), (self._checkpoint, 0.1)]
        await asyncio.gather(
            *(again(lambda session, open_id: session.oauth.refresh(open_id), 0.8, name) for name in names),
            *(again(act, pause, name) for (act, pause), name in zip(busy, names, strict=False)),
        )

    async def _call(self, session: TikTokSession, open_id: str) -> None:
        await session.account(open_id).user_info({"open_id"})

    async def _bulk(self, session: TikTokSession, open_id: str) -> None:
        del session
        keys = [AccountKey("another app", f"{open_id}-{each}") for each in range(BULK)]
        await self._store.put_many([(_token(key, "act", "rft"), None) for key in keys])

    async def _note(self, session: TikTokSession, open_id: str) -> None:
        del session
        key = AccountKey(self._app.client_key, open_id)
        await self._store.put_note(key, "note", b"x" * 200, ttl=timedelta(days=1), only_if_absent=False)

    async def _checkpoint(self, session: TikTokSession, open_id: str) -> None:
        del session
        assert self._checkpoints is not None
        key = AccountKey(self._app.client_key, open_id)
        found = await self._checkpoints.get(key)
        due = Checkpoint(key=key, due_at=datetime.now(UTC)) if found is None else found
        await self._checkpoints.put(due, expected_version=0 if found is None else found.version)


def _token(key: AccountKey, act: str, rft: str) -> Token:
    now = datetime.now(UTC)
    return Token(
        key=key,
        access_token=Secret(act),
        refresh_token=Secret(rft),
        scopes=frozenset({"user.info.basic"}),
        expires_at=now + timedelta(days=1),
        refresh_expires_at=now + timedelta(days=180),
        updated_at=now,
    )


def _measured(put: Callable[..., Awaitable[Token]], waits: list[float]) -> Callable[..., Awaitable[Token]]:
    async def measured(token: Token, *, expected_version: int | None) -> Token:
        stored = await put(token, expected_version=expected_version)
        made = token.refresh_token.reveal().rpartition(".")[2]
        if token.attempt is None and made.isdigit():
            waits.append((time.monotonic_ns() - int(made)) / 1e6)
        return stored

    return measured


def run(url: str, seconds: float) -> list[float]:
    """Return how long each new token was not stored, in milliseconds, the shortest first."""
    here, there = CONTEXT.Pipe()
    provider = CONTEXT.Process(target=provide, args=(there,))
    provider.start()
    app: App = here.recv()
    shares = [app._replace(accounts=app.accounts[place::PROCESSES]) for place in range(PROCESSES)]
    pipes = [CONTEXT.Pipe() for _ in shares]
    workers = [
        CONTEXT.Process(target=work, args=(theirs, url, share, seconds))
        for (_, theirs), share in zip(pipes, shares, strict=True)
    ]
    for worker in workers:
        worker.start()
    for ours, _ in pipes:
        ours.recv()
    for ours, _ in pipes:
        ours.send(None)
    waits = sorted(wait for ours, _ in pipes for wait in ours.recv())
    here.send(None)
    for process in (*workers, provider):
        process.join()
    return waits


def part(waits: Sequence[float], share: float) -> float:
    """Return the wait that *share* of the *waits* do not exceed."""
    return waits[min(len(waits) - 1, int(len(waits) * share))]


def rows(who: str, url: str, *, quick: bool) -> Iterator[Row]:
    """Run it and say how long the middle one and the 99th of 100 took, and how loaded the machine was."""
    before = os.getloadavg()[0]
    rounds = [run(url, 3 if quick else 15) for _ in range(1 if quick else 5)]
    for waits in rounds:
        print(
            f"{who}: {len(waits)} rotations, p50 {part(waits, 0.5):.1f}, p90 {part(waits, 0.9):.1f}, "
            f"p99 {part(waits, 0.99):.1f}, most {waits[-1]:.1f} ms; load {before:.1f} before, "
            f"{os.getloadavg()[0]:.1f} after"
        )
    yield alone("", f"a new token until it is stored, {who}, median", "ms", [part(waits, 0.5) for waits in rounds])
    yield alone(
        "", f"a new token until it is stored, {who}, p99", "ms", [part(waits, 0.99) for waits in rounds], at_most=20
    )


@contextmanager
def folder() -> Iterator[Path]:
    """Make a folder for a while."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def memory(*, quick: bool) -> Iterable[Row]:
    return list(rows("memory", "memory://", quick=quick))


def sqlite(*, quick: bool) -> Iterable[Row]:
    with folder() as path:
        return list(rows("SQLite", f"sqlite:///{path / 'tokens.db'}", quick=quick))


def redis(*, quick: bool) -> Iterable[Row]:
    with folder() as path:
        server = RedisServer(path, "--appendonly", "yes")
        server.start()
        try:
            return list(rows("Redis", server.url, quick=quick))
        finally:
            server.stop()


if __name__ == "__main__":
    main(__doc__, {"memory": memory, "sqlite": sqlite, "redis": redis})
