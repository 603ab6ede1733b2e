"""A recording holds no data of a user, and its replay gives the same answers."""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiktok_async import (
    ConfigurationError,
    PrivacyLevel,
    RetryPolicy,
    TikTokSession,
    Transport,
    TransportError,
    VideoField,
    VideoPost,
)
from tiktok_async.emulator import Emulator
from tiktok_async.testing import RecordingTransport, ReplayTransport
from tiktok_async.testing._replaced import Replaced

ONCE = RetryPolicy(attempts=1)


def recording(file: Path) -> Callable[[Transport], Transport]:
    return lambda own: RecordingTransport(own, file)


async def work(session: TikTokSession, account: Any) -> list[Any]:
    """Make the calls of a program; return those that a recording keeps."""
    user = await account.user_info()
    fields = [VideoField.ID, VideoField.DURATION, VideoField.CREATE_TIME]
    videos = await account.videos(fields=fields, page_size=3, limit=8).collect()
    found = await account.videos_by_id([video.id for video in videos[:3]], fields=fields).collect()
    publish = await account.post_video(b"12345", VideoPost(title="Ann's day", privacy_level=PrivacyLevel.SELF_ONLY))
    async for _ in publish.upload():
        pass
    status = await publish.status()
    token = await session.oauth.refresh(account.open_id)
    gaps = [(later.create_time - earlier.create_time) for earlier, later in pairwise(videos)]
    lengths = [video.duration for video in videos]
    same = [video.id for video in found] == [video.id for video in videos[:3]]
    return [user.is_verified, gaps, lengths, same, status.state, sorted(token.scopes), len(videos)]


async def test_a_replay_gives_what_was_recorded_and_holds_nothing_of_it(tmp_path: Path) -> None:
    file = tmp_path / "traffic.json"
    async with Emulator() as emulator:
        user = emulator.add_user(videos=8, display_name="Ann Canary", username="ann_canary")
        async with emulator.session(transport=recording(file)) as session:
            account = await emulator.connect(session, user)
            recorded = await work(session, account)
            token = await account.token()
        ids, _ = user.videos.page(None, 8)
        requests = len(emulator.requests)
        text = file.read_text(encoding="utf-8")
        secrets = [token.access_token.reveal(), token.refresh_token.reveal(), emulator.client_secret]
        texts = [emulator.client_key, user.open_id, user.union_id, "Canary", "canary", "Ann's day", "127.0.0.1"]
        assert [one for one in [*secrets, *texts, *map(str, ids), str(user.follower_count)] if one in text] == []
        replay = ReplayTransport(file)
        async with TikTokSession(
            client_key="key", client_secret="secret", transport=replay, limiter="none://", retry=ONCE
        ) as session:
            account = await session.oauth.exchange("any code")
            assert await work(session, account) == recorded
        # The requests of the consent page used another transport.
        assert replay.left == 0
        assert len(emulator.requests) == requests
    assert file.stat().st_mode & 0o777 == 0o600


async def test_a_replay_without_more_answers_raises_an_error_and_sends_nothing(tmp_path: Path) -> None:
    file = tmp_path / "traffic.json"
    file.write_text(json.dumps({"format": 1, "exchanges": []}))
    async with TikTokSession(
        client_key="key", client_secret="secret", transport=ReplayTransport(file), retry=ONCE
    ) as session:
        with pytest.raises(TransportError, match="no more answers") as refused:
            await session.oauth.exchange("any code")
    assert not refused.value.sent


async def test_a_recording_never_replaces_a_file(tmp_path: Path) -> None:
    file = tmp_path / "traffic.json"
    file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError, match="exists already"):
        RecordingTransport(ReplayTransport(_empty(tmp_path)), file)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 2, "exchanges": []}', '{"format": 1, "exchanges": [{}]}'])
def test_an_invalid_recording_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "traffic.json"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match="no recording"):
        ReplayTransport(file)


async def test_a_file_is_streamed_through_any_transport(tmp_path: Path) -> None:
    """A body that is not JSON is left out of a recording; its length is kept."""
    async with Emulator() as emulator:
        file = tmp_path / "traffic.json"
        async with emulator.session(transport=recording(file)) as session:
            task = await session.research.compliance(["1", "2"])
            await task.wait()
            seen = await task.valid_ids()
        kept = json.loads(file.read_text())
    assert seen == []
    assert [one["bytes"] for one in kept["exchanges"] if "bytes" in one]


def _empty(folder: Path) -> Path:
    file = folder / "empty.json"
    file.write_text(json.dumps({"format": 1, "exchanges": []}))
    return file


# Words that are on no list.
TEXT = st.text().map(lambda text: f"Ann {text}")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=12,
)


@given(JSON)
def test_equal_texts_get_equal_replacements_and_no_text_is_kept(value: Any) -> None:
    replaced = Replaced()
    once, again = replaced.json(value), replaced.json(value)
    assert once == again
    assert [text for text in texts_of(once) if "Ann" in text] == []
    assert len(texts_of(once)) == len(texts_of(value))


def texts_of(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(text for inner in value.values() for text in texts_of(inner))]
    if isinstance(value, list):
        return [text for inner in value for text in texts_of(inner)]
    return [value] if isinstance(value, str) else []
