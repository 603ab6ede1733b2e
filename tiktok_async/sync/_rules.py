"""Decides when an account is due, where its round begins and which videos are new; without I/O.

TikTok advises background jobs that refresh each creator's tokens and recent videos every 12 hours:
https://developers.tiktok.com/doc/display-api-get-started
"""

import hashlib
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from attrs import evolve

from tiktok_async._concurrency.backoff import backoff
from tiktok_async.models import Checkpoint, Video, VideoField

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The interval divided by these: of twelve hours, a minute and an hour.
_FIRST_PAUSE_PART, _LONGEST_PAUSE_PART = 720, 12

# A cover's URL has a new signature in each response, so a change of it does not mean that the video changed.
_DIGESTED = tuple(str(field) for field in VideoField if field not in {VideoField.ID, VideoField.COVER_IMAGE_URL})


def phase(open_id: str, every: timedelta) -> timedelta:
    """Return the account's place within the interval: always the same; accounts are spread evenly."""
    fraction: float = int.from_bytes(hashlib.sha256(open_id.encode()).digest()[:8], "big") / 2**64
    return timedelta(seconds=every.total_seconds() * fraction)


def slot_after(open_id: str, moment: datetime, every: timedelta) -> datetime:
    """Return the account's first slot after *moment*."""
    place = phase(open_id, every)
    return moment + every - (moment - _EPOCH - place) % every


def next_due(open_id: str, now: datetime, every: timedelta) -> datetime:
    """Return when an account that was synced now is due again: its first slot more than half an interval away.

    Delays do not add up, and after an outage the accounts of a fleet are spread evenly again.
    """
    return slot_after(open_id, now + every / 2, every)


def pause_after(failures: int, every: timedelta, jitter: float) -> timedelta:
    """Return how long to wait with an account after its *failures*-th failure in a row.

    Args:
        failures: From 1.
        every: The interval. The pause is 1/720 of it at first, doubles each time, and is at most 1/12 of it.
        jitter: 0 to 1; shortens the pause by up to half.
    """
    base, cap = every.total_seconds() / _FIRST_PAUSE_PART, every.total_seconds() / _LONGEST_PAUSE_PART
    return timedelta(seconds=backoff(failures, base=base, cap=cap, jitter=1 - jitter, spread=(0.5, 1.0)))


def begin(checkpoint: Checkpoint, now: datetime) -> Checkpoint:
    """Return *checkpoint* with a round under way: the interrupted one, or a new one."""
    if checkpoint.began_at is not None:
        return checkpoint
    return evolve(checkpoint, began_at=now, cursor=None, newest=None, seen={})


def start_of(checkpoint: Checkpoint, look_back: timedelta, since: datetime | None) -> datetime | None:
    """Return how far back the round goes; `None` means to the first video."""
    if checkpoint.watermark is None or checkpoint.began_at is None:
        return since
    # Before the watermark nothing is new. Within the look-back something may have changed.
    start = min(checkpoint.watermark, checkpoint.began_at - look_back)
    return start if since is None else max(start, since)


def take(checkpoint: Checkpoint, videos: Iterable[Video], look_back: timedelta) -> tuple[Checkpoint, tuple[Video, ...]]:
    """Add videos to the round.

    Returns:
        The checkpoint with them, and the videos that are new or changed.
    """
    newest, seen, changed = checkpoint.newest, dict(checkpoint.seen), list[Video]()
    for video in videos:
        if newest is None or (video.create_time is not None and video.create_time > newest):
            newest = video.create_time
        mark = (_seconds(video.create_time), digest(video))
        if seen.get(video.id, checkpoint.known.get(video.id)) != mark:
            changed.append(video)
        # In a first round nothing can be missing, so it only has to remember the look-back.
        if checkpoint.known or mark[0] >= _keep_from(checkpoint, newest, look_back):
            seen[video.id] = mark
    return evolve(checkpoint, newest=newest, seen=seen), tuple(changed)


def missing(checkpoint: Checkpoint, start: datetime | None) -> tuple[str, ...]:
    """Return the ids that the last round knew and that were not in this round, which was listed to its end."""
    first = 0 if start is None else _seconds(start)
    return tuple(
        video_id
        for video_id, (posted, _) in checkpoint.known.items()
        if posted >= first and video_id not in checkpoint.seen
    )


def finish(checkpoint: Checkpoint, now: datetime, *, every: timedelta, look_back: timedelta) -> Checkpoint:
    """Return the checkpoint after a round that was listed to its end."""
    watermark = max((at for at in (checkpoint.watermark, checkpoint.newest) if at is not None), default=None)
    first = _keep_from(checkpoint, watermark, look_back)
    return evolve(
        checkpoint,
        due_at=next_due(checkpoint.key.open_id, now, every),
        round=checkpoint.round + 1,
        watermark=watermark,
        known={video_id: mark for video_id, mark in checkpoint.seen.items() if mark[0] >= first},
        began_at=None,
        cursor=None,
        newest=None,
        seen={},
        failures=0,
        login_needed=False,
        synced_at=now,
    )


def digest(video: Video) -> int:
    """Return a 32-bit number that changes when the video's fields change."""
    return zlib.crc32(repr([getattr(video, name) for name in _DIGESTED]).encode())


def _keep_from(checkpoint: Checkpoint, newest: datetime | None, look_back: timedelta) -> int:
    # The next round begins no earlier than here.
    moments = [newest] if checkpoint.began_at is None else [newest, checkpoint.began_at - look_back]
    return min((_seconds(moment) for moment in moments if moment is not None), default=0)


def _seconds(moment: datetime | None) -> int:
    return 0 if moment is None else int(moment.timestamp())
