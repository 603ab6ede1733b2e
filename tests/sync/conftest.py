"""An emulator with its own session, and a handler that keeps its pages."""

import sys
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from attrs import define, field

from tiktok_async.abc import CheckpointStore
from tiktok_async.emulator import EmulatedUser, Emulator
from tiktok_async.models import AccountKey, Secret, Token, Video
from tiktok_async.session import TikTokSession
from tiktok_async.stores import MemoryCheckpointStore, MemoryTokenStore
from tiktok_async.sync import SyncPage

EXAMPLES = Path(__file__).parents[2] / "examples"
# arq and taskiq cannot be installed side by side.
collect_ignore = [] if find_spec("arq") else ["test_recipe_arq.py"]


@define
class Sink:
    """A handler that stores its videos as rows."""

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
        """Add a creator and store its token, without the browser."""
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


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Import a module of the example, with its stores replaced."""
    monkeypatch.syspath_prepend(str(EXAMPLES))

    def load(name: str, opened: Any) -> ModuleType:
        module = import_module(f"bulk_sync.{name}")
        monkeypatch.setattr(module, "opened", opened)
        return module

    yield load
    for name in [name for name in sys.modules if name.startswith("bulk_sync")]:
        del sys.modules[name]
