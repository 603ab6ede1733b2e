"""An emulated TikTok with two creators, an agents' desk on it, and a media folder with a video."""

import os
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.media.making import box, header
from tiktok_async import Account, Secret, TikTokSession
from tiktok_async.agents import AgentDesk, AgentGate, AgentGrant
from tiktok_async.emulator import Emulator

GrantOf = Callable[..., AgentGrant]


def clip(content: bytes) -> bytes:
    """Return a video with a header that TikTok accepts, and with *content* instead of frames."""
    return header(tail=box(b"mdat", content))


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator(limits={}) as running:
        yield running


@pytest.fixture
async def session(emulator: Emulator) -> AsyncIterator[TikTokSession]:
    async with emulator.session() as opened:
        yield opened


@pytest.fixture
async def account(emulator: Emulator, session: TikTokSession) -> Account:
    """The account that the grants name."""
    return await emulator.connect(session, emulator.add_user(videos=30))


@pytest.fixture
async def other_account(emulator: Emulator, session: TikTokSession) -> Account:
    """An account of the same app that no grant names."""
    return await emulator.connect(session, emulator.add_user(videos=3))


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """A media folder with one video; a file next to the folder is not for agents."""
    folder = tmp_path / "media"
    folder.mkdir()
    (folder / "clip.mp4").write_bytes(clip(os.urandom(300_000)))
    (tmp_path / "secret.mp4").write_bytes(b"a secret" * 1000)
    return folder


@pytest.fixture
def desk(session: TikTokSession, tmp_path: Path) -> AgentDesk:
    return AgentDesk(session, record=tmp_path / "record.jsonl")


@pytest.fixture
def grant_of(session: TikTokSession, account: Account, media: Path) -> GrantOf:
    """Make a grant that lets `bot` propose posts; arguments replace parts of it."""

    def make(**parts: Any) -> AgentGrant:
        usual: dict[str, Any] = {
            "agent": "bot",
            "operations": {"VIDEO_INIT", "STATUS_FETCH"},
            "accounts": {account.open_id},
            "widest_privacy": "SELF_ONLY",
            "media_folder": str(media),
            "posts_a_day": 5,
            "ends_at": session.clock.now() + timedelta(days=10),
        }
        return AgentGrant(**{**usual, **parts})

    return make


@pytest.fixture
async def approver(desk: AgentDesk) -> Secret:
    """The key of a person who may approve."""
    return await desk.add_approver("anna")


@pytest.fixture
async def gate(desk: AgentDesk, grant_of: GrantOf) -> AgentGate:
    """The gate of an agent that may propose posts."""
    await desk.add(grant_of())
    return await desk.gate("bot")


async def proposed(gate: AgentGate, **arguments: Any) -> str:
    """Propose the video of the media folder, and return the proposal's id."""
    answer = await gate.call("propose_post", {"file": "clip.mp4", "privacy_level": "SELF_ONLY", **arguments})
    assert answer["outcome"] == "ok", answer
    assert answer["proposal"] is not None, answer
    return str(answer["proposal"])
