"""A publish after its init: statuses, post ids, failures, cancelling, webhooks."""

import asyncio
from datetime import timedelta
from typing import Any

import aiohttp
import orjson
import pytest
from attrs import evolve

from tests.emulator.conftest import Answer, Raw
from tiktok_async.emulator import EmulatedUser, Emulator
from tiktok_async.emulator.engine.quirks import PostingQuirks
from tiktok_async.emulator.posting.timelines import FAIL_REASONS
from tiktok_async.models import Endpoint

URL = "https://media.example.com/a.mp4"


class Creator:
    """One user's calls."""

    def __init__(self, raw: Raw, user: EmulatedUser) -> None:
        self.raw = raw
        self.user = user

    @property
    def token(self) -> str:
        return str(self.raw.emulator.grant(self.user)["access_token"])

    async def pull(self, privacy: str = "PUBLIC_TO_EVERYONE") -> str:
        body = {"post_info": {"privacy_level": privacy}, "source_info": {"source": "PULL_FROM_URL", "video_url": URL}}
        return publish_id(await self.raw.call(Endpoint.VIDEO_INIT, self.token, json=body))

    async def draft(self) -> str:
        body = {"source_info": {"source": "PULL_FROM_URL", "video_url": URL}}
        return publish_id(await self.raw.call(Endpoint.INBOX_INIT, self.token, json=body))

    async def upload(self) -> str:
        source = {"source": "FILE_UPLOAD", "video_size": 5, "chunk_size": 5, "total_chunk_count": 1}
        body = {"post_info": {"privacy_level": "PUBLIC_TO_EVERYONE"}, "source_info": source}
        answer = await self.raw.call(Endpoint.VIDEO_INIT, self.token, json=body)
        headers = {"Content-Type": "video/mp4", "Content-Range": "bytes 0-4/5"}
        await self.raw.send("PUT", answer.data["data"]["upload_url"], data=b"12345", headers=headers)
        return publish_id(answer)

    async def status(self, publish_id: str) -> Answer:
        return await self.raw.call(Endpoint.STATUS_FETCH, self.token, json={"publish_id": publish_id})

    async def data(self, publish_id: str) -> dict[str, Any]:
        data: dict[str, Any] = (await self.status(publish_id)).data["data"]
        return data

    async def cancel(self, publish_id: str) -> Answer:
        return await self.raw.call(Endpoint.PUBLISH_CANCEL, self.token, json={"publish_id": publish_id})


def publish_id(answer: Answer) -> str:
    assert answer.code == "ok"
    return str(answer.data["data"]["publish_id"])


@pytest.fixture
def creator(raw: Raw) -> Creator:
    return Creator(raw, raw.emulator.add_user())


def contents(raw: Raw) -> list[tuple[str, dict[str, Any]]]:
    """Return the webhooks so far: name and content."""
    bodies = [orjson.loads(delivery.body) for delivery in raw.emulator.webhooks]
    return [(body["event"], orjson.loads(body["content"])) for body in bodies]


async def test_a_public_upload_gets_its_post_id_after_moderation(creator: Creator) -> None:
    clock = creator.raw.emulator.clock
    creator.raw.emulator.plan_timeline(processing=timedelta(minutes=1), moderation=timedelta(minutes=5))
    post = await creator.upload()
    assert await creator.data(post) == {
        "status": "PROCESSING_UPLOAD",
        "uploaded_bytes": 5,
        "publicaly_available_post_id": [],
    }
    clock.advance(60)
    assert (await creator.data(post))["publicaly_available_post_id"] == []
    assert (await creator.data(post))["status"] == "PUBLISH_COMPLETE"
    clock.advance(300)
    data = await creator.data(post)
    assert [len(str(post_id)) for post_id in data.pop("publicaly_available_post_id")] == [19]
    assert data == {"status": "PUBLISH_COMPLETE", "uploaded_bytes": 5}
    assert [event for event, _ in contents(creator.raw)] == [
        "post.publish.complete",
        "post.publish.publicly_available",
    ]
    assert contents(creator.raw)[0][1] == {"publish_id": post, "publish_type": "DIRECT_POST"}
    assert set(contents(creator.raw)[1][1]) == {"publish_id", "publish_type", "post_id"}


@pytest.mark.parametrize("word", ["DIRECT_POST", "DIRECT_PUBLISH"])
async def test_webhooks_name_a_direct_post_in_either_spelling(creator: Creator, word: Any) -> None:
    emulator = creator.raw.emulator
    emulator.quirks = evolve(emulator.quirks, posting=PostingQuirks(direct_word=word))
    emulator.plan_timeline(processing=timedelta(0))
    post = await creator.upload()
    await creator.data(post)
    assert contents(creator.raw)[0][1]["publish_type"] == word


async def test_one_advance_of_the_clock_may_pass_every_step(creator: Creator) -> None:
    emulator = creator.raw.emulator
    emulator.plan_timeline(
        processing=timedelta(minutes=1), moderation=timedelta(hours=2), hidden_after=timedelta(days=1)
    )
    post = await creator.upload()
    emulator.clock.advance(timedelta(days=3))
    assert (await creator.data(post))["publicaly_available_post_id"] == []
    assert emulator.posts[-1].events == [
        "post.publish.complete",
        "post.publish.publicly_available",
        "post.publish.no_longer_publicaly_available",
    ]


async def test_webhooks_are_sent_without_a_status_request(creator: Creator) -> None:
    emulator = creator.raw.emulator
    emulator.plan_timeline(processing=timedelta(minutes=1))
    await creator.upload()
    emulator.clock.advance(60)
    await creator.raw.call(Endpoint.CREATOR_INFO, creator.token)
    assert contents(creator.raw)[0][0] == "post.publish.complete"


async def test_a_closed_emulator_changes_no_publish(http: aiohttp.ClientSession) -> None:
    async with Emulator() as emulator:
        creator = Creator(Raw(emulator, http), emulator.add_user())
        emulator.plan_timeline(processing=timedelta(minutes=1))
        await creator.upload()
    emulator.clock.advance(60)
    await asyncio.sleep(0.01)
    assert [post.status for post in emulator.posts] == ["PROCESSING_UPLOAD"]


async def test_the_status_of_a_pull_shows_its_downloaded_bytes(creator: Creator) -> None:
    emulator = creator.raw.emulator
    emulator.plan_timeline(download=timedelta(seconds=100), download_size=1_000_000, processing=timedelta(seconds=10))
    post = await creator.pull("SELF_ONLY")
    emulator.clock.advance(50)
    halfway = await creator.data(post)
    assert halfway.pop("downloaded_bytes") == pytest.approx(500_000, rel=0.4)
    assert halfway == {"status": "PROCESSING_DOWNLOAD"}
    emulator.clock.advance(61)
    assert await creator.data(post) == {"status": "PUBLISH_COMPLETE", "downloaded_bytes": 1_000_000}


async def test_a_draft_stays_in_the_inbox_until_its_user_posts_it(creator: Creator) -> None:
    emulator = creator.raw.emulator
    emulator.plan_timeline(user_posts_after=timedelta(hours=1), post_ids=2)
    post = await creator.draft()
    assert (await creator.data(post))["status"] == "SEND_TO_USER_INBOX"
    emulator.clock.advance(timedelta(hours=1))
    data = await creator.data(post)
    assert data["status"] == "PUBLISH_COMPLETE"
    assert len(data["publicaly_available_post_id"]) == 2
    first, *others = contents(creator.raw)
    assert first == ("post.publish.inbox_delivered", {"publish_id": post, "publish_type": "INBOX_SHARE"})
    assert [event for event, _ in others] == ["post.publish.complete", *["post.publish.publicly_available"] * 2]


@pytest.mark.parametrize("reason", FAIL_REASONS)
async def test_the_status_of_a_failed_publish_is_ok_and_gives_only_the_reason(creator: Creator, reason: str) -> None:
    creator.raw.emulator.fail_publish(reason)
    post = await creator.upload()
    answer = await creator.status(post)
    assert (answer.status, answer.code) == (200, "ok")
    assert answer.data["data"] == {"fail_reason": reason, "status": "FAILED"}
    expected = {"publish_id": post, "publish_type": "DIRECT_POST", "reason": reason}
    assert contents(creator.raw) == [("post.publish.failed", expected)]
    assert (await creator.data(await creator.upload()))["status"] == "PUBLISH_COMPLETE"


@pytest.mark.parametrize(
    ("shape", "kind"), [("list", list), ("scalar", int), ("string", str), ("strings", list), ("absent", type(None))]
)
async def test_post_ids_can_have_every_known_shape(creator: Creator, shape: Any, kind: type) -> None:
    posting = creator.raw.emulator.posting
    posting.quirks = evolve(posting.quirks, post_id_shape=shape)
    data = await creator.data(await creator.upload())
    assert type(data.get("publicaly_available_post_id")) is kind


async def test_a_new_publish_id_may_be_unknown_at_first(creator: Creator) -> None:
    posting = creator.raw.emulator.posting
    posting.quirks = evolve(posting.quirks, unknown_id_polls=2)
    post = await creator.upload()
    for _ in range(2):
        answer = await creator.status(post)
        assert (answer.status, answer.code) == (400, "invalid_params")
        assert answer.data["error"]["message"] == "invalid_publish_id"
    assert (await creator.status(post)).code == "ok"


async def test_a_publish_belongs_to_its_user(creator: Creator) -> None:
    post = await creator.upload()
    other_creator = Creator(creator.raw, creator.raw.emulator.add_user())
    for call in (other_creator.status, other_creator.cancel):
        assert (await call(post)).code == "token_not_authorized_for_specified_publish_id"
        assert (await call("v_pub_file~v2-1.1")).code == "invalid_publish_id"


async def test_only_a_running_pull_can_be_cancelled(creator: Creator) -> None:
    emulator = creator.raw.emulator
    emulator.plan_timeline(download=timedelta(seconds=100), processing=timedelta(seconds=10))
    post = await creator.pull()
    answer = await creator.cancel(post)
    assert (answer.code, "data" in answer.data) == ("ok", False)
    assert await creator.data(post) == {"fail_reason": "publish_cancelled", "status": "FAILED"}
    assert contents(creator.raw)[-1][1]["reason"] == "publish_cancelled"
    nearly_done = await creator.pull()
    emulator.clock.advance(95)
    for other in (post, nearly_done, await creator.upload()):
        answer = await creator.cancel(other)
        assert (answer.status, answer.code) == (400, "publish_not_cancellable")


async def test_revoking_a_grant_fails_its_running_publish(creator: Creator) -> None:
    emulator = creator.raw.emulator
    emulator.plan_timeline(processing=timedelta(minutes=1))
    await creator.upload()
    emulator.revoke(creator.user)
    emulator.clock.advance(60)
    assert [(post.status, post.fail_reason) for post in emulator.posts.of(creator.user.open_id)] == [
        ("FAILED", "auth_removed")
    ]
