"""The ids of a public post are found in the status, in a webhook or in the video listing, and after a restart."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from tests.posting.conftest import Hurry
from tiktok_async import Account, AccountKey, PrivacyLevel, Publish, StoreError, TikTokSession, VideoPost
from tiktok_async.api.posting.posted import PostedIds
from tiktok_async.emulator import EmulatedUser, Emulator
from tiktok_async.models import Endpoint

PUBLIC = VideoPost(title="Hello #emu", privacy_level=PrivacyLevel.PUBLIC_TO_EVERYONE)


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/tokens.db"


@pytest.fixture
async def session(emulator: Emulator, store_url: str) -> AsyncIterator[TikTokSession]:
    async with emulator.session(store=store_url) as opened:
        yield opened


async def published(account: Account, hurry: Hurry[Any], post: VideoPost = PUBLIC) -> Publish:
    """Post a video whose ids are not there yet."""
    publish = await account.post_video(b"video", post, dedup_key="job-1")
    status = await hurry(publish.run())
    assert status.post_ids == ()
    return publish


async def found_after_a_restart(emulator: Emulator, store_url: str, open_id: str) -> tuple[str, ...]:
    """Return the ids that another process finds when it repeats the call, while TikTok's status endpoint fails."""
    before = len(emulator.requests)
    async with emulator.session(store=store_url) as later:
        publish = await later.account(open_id).post_video(b"video", PUBLIC, dedup_key="job-1")
        found = await publish.find_post_ids()
    assert len(emulator.requests) == before
    return found


def ids_of(emulator: Emulator, user: EmulatedUser) -> tuple[str, ...]:
    (post,) = emulator.posts.of(user.open_id)
    return tuple(str(post_id) for post_id in post.post_ids)


async def test_the_status_gives_the_post_ids(
    emulator: Emulator, account: Account, user: EmulatedUser, hurry: Hurry[Any], store_url: str
) -> None:
    emulator.plan_timeline(moderation=timedelta(days=2))
    publish = await published(account, hurry)
    assert await publish.find_post_ids() == ()
    emulator.clock.advance(timedelta(days=2))
    found = await publish.find_post_ids()
    assert found == ids_of(emulator, user) != ()
    assert await found_after_a_restart(emulator, store_url, user.open_id) == found


async def test_a_webhook_gives_the_post_ids_to_another_process(
    emulator: Emulator, account: Account, user: EmulatedUser, hurry: Hurry[Any], store_url: str
) -> None:
    emulator.posting.quirks = evolve(emulator.posting.quirks, post_id_shape="absent")
    await published(account, hurry)
    ids = ids_of(emulator, user)
    await emulator.webhooks_sent()
    (sent,) = [one for one in emulator.webhooks if b"publicly_available" in one.body]
    async with emulator.session(store=store_url) as receiver:
        event = receiver.webhooks.parse(sent.body, receiver.webhooks.sign(sent.body))
        assert await receiver.webhooks.handle(event)
    assert await found_after_a_restart(emulator, store_url, user.open_id) == ids


async def test_the_video_listing_gives_the_post_ids_if_the_status_does_not(
    emulator: Emulator, account: Account, user: EmulatedUser, hurry: Hurry[Any], store_url: str
) -> None:
    emulator.posting.quirks = evolve(emulator.posting.quirks, post_id_shape="absent")
    publish = await published(account, hurry)
    found = await publish.find_post_ids()
    assert found == ids_of(emulator, user) != ()
    assert await found_after_a_restart(emulator, store_url, user.open_id) == found


@pytest.mark.parametrize("why", ["two alike", "older", "no title", "private", "scope"])
async def test_the_video_listing_is_not_used_if_it_may_mean_another_video(
    emulator: Emulator, session: TikTokSession, user: EmulatedUser, hurry: Hurry[Any], why: str
) -> None:
    emulator.posting.quirks = evolve(emulator.posting.quirks, post_id_shape="absent")
    account = await emulator.connect(session, user, {"video.publish"} if why == "scope" else None)
    post = PUBLIC
    if why == "older":
        user.videos.publish(7_000_000_000_000_000_001, title=PUBLIC.title)
        emulator.clock.advance(timedelta(hours=1))
        emulator.plan_timeline(moderation=None)
    elif why == "no title":
        post = VideoPost(privacy_level=PrivacyLevel.PUBLIC_TO_EVERYONE)
    elif why == "private":
        post = VideoPost(title="Hello #emu", privacy_level=PrivacyLevel.SELF_ONLY)
    publish = await published(account, hurry, post)
    if why in {"two alike", "private"}:
        user.videos.publish(7_900_000_000_000_000_001, title="Hello #emu")
    assert await publish.find_post_ids() == ()


async def test_post_ids_that_arrive_together_are_all_stored(session: TikTokSession) -> None:
    key = AccountKey("app", "user")
    ids = [str(number) for number in range(1, 9)]
    await asyncio.gather(*(PostedIds(session.store, key, "p_1").add(one, "9") for one in ids))
    found = await PostedIds(session.store, key, "p_1").find()
    assert sorted(found) == [*ids, "9"]


async def test_a_failing_store_does_not_hide_the_answer_of_tiktok(
    emulator: Emulator, account: Account, user: EmulatedUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = await account.post_video(b"video", PUBLIC)
    await publish.run()

    async def fails(*_: object, **__: object) -> bytes | None:
        raise StoreError("the disk is full")

    again = account.publish(publish.publish_id)
    monkeypatch.setattr("tiktok_async.api.posting.posted.PostedIds.add", fails)
    assert (await again.status()).post_ids == ids_of(emulator, user)


async def test_no_request_is_sent_after_the_post_ids_are_known(emulator: Emulator, account: Account) -> None:
    publish = await account.post_video(b"video", PUBLIC)
    await publish.run()
    asked = len(emulator.requests.to(Endpoint.STATUS_FETCH))
    assert await publish.find_post_ids() != ()
    assert len(emulator.requests.to(Endpoint.STATUS_FETCH)) == asked
