"""Media that the emulator inspects, and posts that its listings show."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from fractions import Fraction
from functools import partial
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.media import making
from tiktok_async import (
    Account,
    PhotoPost,
    PrivacyLevel,
    Publish,
    PublishFailed,
    PullFromUrl,
    TikTokSession,
    VideoPost,
    check_media,
)
from tiktok_async.emulator import EmulatedUser, Emulator, PostingQuirks, Quirks, Timeline
from tiktok_async.emulator.posting import media

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


async def wait_for_end(publish: Publish, reason: str | None) -> None:
    """Wait until *publish* fails with *reason*, or until it is published if *reason* is `None`."""
    if reason is None:
        await publish.wait()
        return
    with pytest.raises(PublishFailed) as caught:
        await publish.wait()
    assert caught.value.reason == reason


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
async def test_a_video_fails_only_for_the_problem_that_check_media_finds(
    emulator: Emulator, account: Account, user: EmulatedUser, made: dict[str, Any], reason: str | None
) -> None:
    emulator.creator(user, max_video_post_duration_sec=1)
    data = making.video(**made)
    report = await check_media(data, creator=await account.creator_info())
    assert [problem.fail_reason for problem in report.problems] == ([] if reason is None else [reason])
    publish = await account.post_video(data, EVERYONE)
    async for _ in publish.upload():
        pass
    await wait_for_end(publish, reason)


PHOTO = "https://cdn.example.com/photo.jpg"


def padded(photo: bytes, size: int) -> bytes:
    """Return a JPEG of *size* bytes; the bytes after its end are not part of the image."""
    return photo.ljust(size, b"\0")


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (lambda: making.photo("JPEG", (1080, 1920)), None),
        (lambda: making.photo("JPEG", (1081, 1920)), "picture_size_check_failed"),
        (lambda: making.photo("WEBP", (1080, 1921)), "picture_size_check_failed"),
        (lambda: making.photo("PNG", (100, 100)), "file_format_check_failed"),
        (lambda: making.photo()[:1000], "file_format_check_failed"),
        (lambda: padded(making.photo(), 20_000_000), None),
        (lambda: padded(making.photo(), 20_000_001), "picture_size_check_failed"),
    ],
    ids=["portrait", "wide", "high", "png", "cut", "20 MB", "more"],
)
async def test_a_photo_fails_only_for_the_problem_that_check_media_finds(
    emulator: Emulator, account: Account, made: Callable[[], bytes], reason: str | None
) -> None:
    data = made()
    report = await check_media(data)
    assert [problem.fail_reason for problem in report.problems] == ([] if reason is None else [reason])
    emulator.host_media(PHOTO, data)
    post = PhotoPost(privacy_level=PrivacyLevel.SELF_ONLY)
    publish = await account.post_photos(["https://cdn.example.com/unseen.jpg", PHOTO], post)
    await wait_for_end(publish, reason)


@pytest.mark.parametrize(("rate", "reason"), [(60, None), (61, "frame_rate_check_failed")])
async def test_a_pulled_video_is_checked_at_its_url(
    emulator: Emulator, account: Account, rate: int, reason: str | None
) -> None:
    emulator.host_media("https://cdn.example.com/v.mp4", making.video(rate=rate))
    publish = await account.post_video(PullFromUrl("https://cdn.example.com/v.mp4"), EVERYONE)
    if reason is None:
        await publish.wait()
        return
    with pytest.raises(PublishFailed, match=reason):
        await publish.wait()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_the_emulator_accepts_what_check_media_accepts(data: st.DataObject) -> None:
    if data.draw(st.booleans(), label="photo"):
        form = data.draw(st.sampled_from(["JPEG", "WEBP", "PNG"]))
        sides = data.draw(st.tuples(st.sampled_from([1, 1079, 1080, 1081]), st.sampled_from([1, 1919, 1920, 1921])))
        made = making.photo(form, sides if data.draw(st.booleans()) else sides[::-1])
        # The readings of "1080p": what passes the check passes each of them.
        readings = [partial(media.refused_photo, limited=one) for one in ("both_sides", "shorter_side", "width")]
    else:
        container, codec = data.draw(
            st.sampled_from([("mp4", "h264"), ("mov", "h264"), ("webm", "vp8"), ("matroska", "vp8"), ("mp4", "mpeg4")])
        )
        rates: st.SearchStrategy[Fraction | int] = st.sampled_from(
            [22, 23, Fraction(24000, 1001), 30, Fraction(60000, 1001), 60, 61]
        )
        sides = data.draw(st.tuples(st.sampled_from([358, 360, 362]), st.sampled_from([358, 360, 640])))
        made = making.video(container, codec=codec, sides=sides, rate=data.draw(rates))
        readings = [partial(media.refused, longest=300)]
    cut = data.draw(st.sampled_from([len(made), len(made) - 1, len(made) // 2]))
    report = await check_media(made[:cut])
    if report.ok:
        assert [refused(made[:cut]) for refused in readings] == [None] * len(readings)
    elif cut == len(made):
        found = {problem.fail_reason for problem in report.problems}
        assert found.intersection(refused(made) for refused in readings)


async def test_bytes_that_are_not_a_video_fail(account: Account) -> None:
    publish = await account.post_video(b"no video" * 100, EVERYONE)
    async for _ in publish.upload():
        pass
    with pytest.raises(PublishFailed, match="file_format_check_failed"):
        await publish.wait()


async def test_a_public_post_is_listed_with_a_cover_that_is_an_image(
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
