"""An emulator with a session of its own, and ways to look at what a handler got."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from attrs import define, field

from tiktok_async.abc import CheckpointStore
from tiktok_async.emulator import EmulatedUser, Emulator
from tiktok_async.models import AccountKey, Secret, SyncPage, Token, Video
from tiktok_async.session import TikTokSession
from tiktok_async.stores import MemoryCheckpointStore, MemoryTokenStore


@define
class Sink:
    """A handler that keeps what it gets, as rows that are overwritten."""

    rows: dict[str, Video] = field(factory=dict[str, Video])
    gone: set[str] = field(factory=set[str])
    pages: list[SyncPage] = field(factory=list[SyncPage])

    async def __call__(self, page: SyncPage) -> None:
        self.pages.append(page)
        self.rows.update((video.id, video) for video in page.videos)
        self.gone.update(page.gone)


@define
class World:
    """An emulated TikTok, a session at it, and checkpoints."""

    emulator: Emulator
    session: TikTokSession
    tokens: MemoryTokenStore
    checkpoints: CheckpointStore

    async def connect(self, *, videos: int = 0) -> EmulatedUser:
        """Add a creator whose token is stored, without the way through the browser."""
        user = self.emulator.add_user(videos=videos)
        await self.store_token(user)
        return user

    async def store_token(self, user: EmulatedUser) -> None:
        """Store a new grant's token."""
        await self.tokens.put(token_of(self.emulator, user), expected_version=None)


def token_of(emulator: Emulator, user: EmulatedUser) -> Token:
    """Return the token of a new grant."""
    reply = emulator.grant(user)
    now = emulator.clock.now()
    return Token(
        key=AccountKey(emulator.client_key, user.open_id),
        access_token=Secret(reply["access_token"]),
        refresh_token=Secret(reply["refresh_token"]),
        scopes=frozenset(reply["scope"].split(",")),
        expires_at=now + timedelta(seconds=reply["expires_in"]),
        refresh_expires_at=now + timedelta(seconds=reply["refresh_expires_in"]),
        updated_at=now,
    )


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with Emulator() as emulator:
        tokens = MemoryTokenStore(clock=emulator.clock)
        async with emulator.session(store=tokens) as session:
            yield World(emulator, session, tokens, MemoryCheckpointStore(clock=emulator.clock))


@pytest.fixture
def sink() -> Sink:
    return Sink()
