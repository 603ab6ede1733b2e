"""A thousand posts with faults: at most one accepted init for a call, no false success, every failure typed."""

import hashlib
import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from tiktok_async import (
    Account,
    Endpoint,
    PrivacyLevel,
    PublishStatus,
    TikTokError,
    UploadError,
    VideoPost,
)
from tiktok_async.emulator import Emulator

POST = VideoPost(privacy_level=PrivacyLevel.SELF_ONLY)
CHUNK = 5_242_880
DATA = random.Random(7).randbytes(2 * CHUNK + 1_000)
HASH = hashlib.sha256(DATA).hexdigest()
WHERE: tuple[Endpoint | str, ...] = (Endpoint.VIDEO_INIT, Endpoint.STATUS_FETCH, "upload", "upload")
FAULTS: tuple[dict[str, Any], ...] = (
    {"drop": "before"},
    {"drop": "after"},
    {"status": 500},
    {"html": True},
    {"drip": timedelta(seconds=1)},
    {"delay": timedelta(seconds=2)},
    {"truncate": 0},
    {"truncate": 7},
)


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    limits = {Endpoint.VIDEO_INIT: None, Endpoint.STATUS_FETCH: None}
    async with Emulator(limits=limits) as running:
        yield running


async def once(account: Account) -> PublishStatus:
    """Post as an application does that attempts an upload three times."""
    publish = await account.post_video(DATA, POST, chunk_size=CHUNK)
    for attempt in range(3):
        try:
            async for _ in publish.upload():
                pass
            break
        except UploadError:
            if attempt == 2:
                raise
    return await publish.wait(timeout=timedelta(minutes=5))


async def test_posts_with_faults_are_made_once_or_raise_our_errors(emulator: Emulator, hurry: Any, full: Any) -> None:
    runs = 1000 if full else 60
    outcomes: Counter[str] = Counter()
    async with emulator.session(limiter="none://") as session:
        for seed in range(runs):
            rng = random.Random(seed)
            account = await emulator.connect(session, emulator.add_user())
            planned = [
                emulator.fail_next(rng.choice(WHERE), times=rng.randint(1, 3), **rng.choice(FAULTS))
                for _ in range(rng.randint(1, 4))
            ]
            before = len(emulator.posts)
            try:
                status = await hurry(once(account))
            except TikTokError as error:
                outcome = type(error).__name__
            else:
                outcome = str(status.state)
                assert emulator.posts[-1].sha256 == HASH, f"seed {seed}: a false success"
                assert emulator.posts[-1].status == outcome, f"seed {seed}: a false success"
            assert len(emulator.posts) - before <= 1, f"seed {seed}: posted twice"
            outcomes[outcome] += 1
            for fault in planned:
                fault.times = 0
    assert outcomes["PUBLISH_COMPLETE"] > runs / 3
    assert set(outcomes) <= {"PUBLISH_COMPLETE", "OutcomeUnknown", "UploadError"}, outcomes
