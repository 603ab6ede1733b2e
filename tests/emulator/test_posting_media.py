"""Media that the emulator looks into, and posts that its listings show."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from tests.media import making
from tiktok_async import Account, PrivacyLevel, PublishFailed, TikTokSession, VideoPost, check_media
from tiktok_async.emulator import EmulatedUser, Emulator, PostingQuirks, Quirks, Timeline

EVERYONE = VideoPost(title="A cat", privacy_level=PrivacyLevel.PUBLIC_TO_EVERYONE)


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator(limits={}, quirks=Quirks(posting=PostingQuirks(media="checked", posts_a_day=None))) as running:
        yield running


@pytest.fixture
def user(emulator: Emulator) -> EmulatedUser:
    return emulator.add_user(videos=2)


@pytest.fixture
async def session(emulator: Emulator) -> AsyncIterator[TikTokSession]:
    async with emulator.session() as opened:
        yield opened


@pytest.fixture
async def account(emulator: Emulator, session: TikTokSession, user: EmulatedUser) -> Account:
    return await emulator.connect(session, user)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        ({}, None),
        ({"container": "mov"}, None),
        ({"container": "webm", "codec": "vp8"}, None),
        ({"container": "webm", "codec": "vp9"}, None),
        ({"codec": "h265"}, None),
        ({"rate": 23}, None),
        ({"rate": 60}, None),
        ({"rate": 22}, "frame_rate_check_failed"),
        ({"rate": 61}, "frame_rate_check_failed"),
        ({"sides": (360, 360)}, None),
        ({"sides": (358, 640)}, "picture_size_check_failed"),
        ({"codec": "mpeg4"}, "file_format_check_failed"),
        ({"container": "matroska"}, "file_format_check_failed"),
        ({"frames": 31}, "duration_check_failed"),
        ({"frames": 30}, None),
    ],
)
async def test_a_video_fails_for_what_check_media_says_before_and_for_nothing_else(
    emulator: Emulator, account: Account, user: EmulatedUser, made: dict[str, Any], reason: str | None
) -> None:
    emulator.creator(user, max_video_post_duration_sec=1)
    data = making.video(**made)
    report = await check_media(data, creator=await account.creator_info())
    assert [problem.fail_reason for problem in report.problems] == ([] if reason is None else [reason])
    publish = await account.post_video(data, EVERYONE)
    async for _ in publish.upload():
        pass
    if reason is None:
        await publish.wait()
        return
    with pytest.raises(PublishFailed) as caught:
        await publish.wait()
    assert caught.value.reason == reason


async def test_bytes_that_are_no_video_fail(account: Account) -> None:
    publish = await account.post_video(b"no video" * 100, EVERYONE)
    async for _ in publish.upload():
        pass
    with pytest.raises(PublishFailed, match="file_format_check_failed"):
        await publish.wait()


async def test_a_public_post_is_listed_with_a_cover_that_is_a_picture(
    emulator: Emulator, account: Account, user: EmulatedUser
) -> None:
    emulator.posting.timeline = Timeline(hidden_after=timedelta(hours=1))
    publish = await account.post_video(making.video(), EVERYONE)
    async for _ in publish.upload():
        pass
    status = await publish.wait()
    newest = await account.videos().first()
    assert newest is not None
    assert (newest.id,) == status.post_ids
    assert newest.title == "A cat"
    assert newest.cover_image_url is not None
    async with aiohttp.ClientSession() as http, http.get(newest.cover_image_url) as answer:
        report = await check_media(await answer.read())
    assert (report.container, report.width, report.height) == ("png", 90, 120)
    emulator.clock.advance(timedelta(hours=2))
    assert (await publish.status()).post_ids == ()
    assert len(user.videos) == 2


async def test_a_private_post_is_not_listed(account: Account, user: EmulatedUser) -> None:
    publish = await account.post_video(making.video(), VideoPost(privacy_level=PrivacyLevel.SELF_ONLY))
    async for _ in publish.upload():
        pass
    await publish.wait()
    assert len(user.videos) == 2
