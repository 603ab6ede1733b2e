"""The part of the demonstration that posts a video: cut off after a chunk, continued, published."""

import hashlib
from contextlib import aclosing
from datetime import timedelta

from tiktok_async.api.account import Account
from tiktok_async.cli._steps import Steps
from tiktok_async.emulator import Emulator
from tiktok_async.models import PrivacyLevel, PublishState, VideoPost

_SIZE = 12_000_000
_CHUNK = 6_000_000


async def post_a_video(steps: Steps, emulator: Emulator, account: Account) -> None:
    """Post a made-up video.

    Raises:
        TikTokError: A step did not do what it says.
    """
    video = hashlib.shake_128(b"a video").digest(_SIZE)
    publish = await account.post_video(
        video, VideoPost(title="Made by a demo", privacy_level=PrivacyLevel.SELF_ONLY), chunk_size=_CHUNK
    )
    chunks = publish.plan.count if publish.plan is not None else 0
    steps.done("Post", f"TikTok accepted a video of {_SIZE:,} bytes in {chunks} chunks.", verified=chunks > 1)
    saved = publish.to_json()
    async with aclosing(publish.upload()) as uploading:
        async for progress in uploading:
            saved = progress.state
            break
    steps.done(
        "Cut off",
        f"The upload ended after its first chunk; {len(saved)} characters of JSON were kept.",
        verified=bool(saved),
    )
    again = account.publish(saved, video)
    sent = [progress.sent async for progress in again.upload()]
    (post,) = emulator.posts
    steps.done(
        "Resume",
        "What was kept continued it, as another process would: all bytes arrived, none of them twice.",
        verified=sent == [_SIZE]
        and post.sha256 == hashlib.sha256(video).hexdigest()
        and sum(arrival.received for arrival in post.arrivals) == _SIZE,
    )
    status = await again.wait(timedelta(minutes=5))
    steps.done(
        "Publish",
        f"TikTok says {status.state}, for one post and not two.",
        verified=status.state == PublishState.PUBLISH_COMPLETE and emulator.posts.accepted[account.open_id] == 1,
    )
