"""The generated public videos and comments of the emulator's Research API; the same for the same seed.

Fields: https://developers.tiktok.com/doc/research-api-specs-query-videos
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Final

from attrs import field, frozen

_REGIONS: Final = ("US", "FR", "DE", "GB", "BR", "JP", "MX", "ID")
TAGS: Final = ("cat", "cats", "dance", "news", "science", "climate", "music", "food")
_WORDS: Final = ("hello", "look", "today", "wow", "\u732b", "caf\u00e9", "again", "\U0001f600")
_DAY: Final = timedelta(days=1)
_SECONDS: Final = 24 * 3_600
_SHORT, _MID, _LONG = 15, 60, 300
# Every comment is written within this many seconds after its video or parent comment.
_COMMENT_SECONDS: Final = 3_600


@frozen(slots=True, kw_only=True)
class Video:
    """One public video; times are epoch seconds, lengths are seconds."""

    id: int
    create_time: int
    username: str
    region_code: str
    description: str
    music_id: int
    hashtag_names: tuple[str, ...]
    effect_ids: tuple[str, ...]
    playlist_id: int | None
    voice_to_text: str | None
    view_count: int
    like_count: int
    comment_count: int
    share_count: int
    favorites_count: int
    duration: int
    mentions: tuple[str, ...]
    is_stem_verified: bool
    tag: tuple[str, int] | None
    label: str | None

    @property
    def day(self) -> date:
        """The UTC day it was posted."""
        return datetime.fromtimestamp(self.create_time, UTC).date()

    @property
    def length(self) -> str:
        """Its length, as one of the four words of TikTok's table."""
        if self.duration < _SHORT:
            return "SHORT"
        if self.duration <= _MID:
            return "MID"
        return "LONG" if self.duration <= _LONG else "EXTRA_LONG"


@frozen(slots=True, kw_only=True)
class Comment:
    """One public comment; personal data in its text is masked with `*`."""

    id: int
    video_id: int
    parent_comment_id: int
    text: str
    like_count: int
    reply_count: int
    create_time: int
    display_name: str


@frozen(kw_only=True)
class ResearchData:
    """A data set, generated when it is first read; the same arguments give the same data.

    Args:
        videos: The number of videos.
        users: The number of users who posted them.
        first_day: The UTC day of the oldest video.
        days: The number of days over which the videos are spread.
        seed: Gives another data set of the same size.
    """

    videos: int = field(default=3_000)
    users: int = field(default=120)
    first_day: date = field(default=date(2026, 8, 1))
    days: int = field(default=90)
    seed: int = field(default=0)

    @cached_property
    def all(self) -> Sequence[Video]:
        """Every video, the highest id (the newest) first."""
        rng = random.Random(f"videos {self.seed}")  # noqa: S311 - a made-up data set, not a secret
        made = [self._video(rng, rng.randrange(self._start, self.end)) for _ in range(self.videos)]
        return sorted(made, key=lambda video: video.id, reverse=True)

    @cached_property
    def by_id(self) -> Mapping[int, Video]:
        """Every video by its id."""
        return {video.id: video for video in self.all}

    @cached_property
    def by_user(self) -> Mapping[str, Sequence[Video]]:
        """The videos of each user, newest first."""
        found: dict[str, list[Video]] = {self.username(index): [] for index in range(self.users)}
        for video in self.all:
            found[video.username].append(video)
        return found

    @cached_property
    def by_day(self) -> Mapping[date, Sequence[Video]]:
        """The videos of each day, newest first."""
        found: dict[date, list[Video]] = {}
        for video in self.all:
            found.setdefault(video.day, []).append(video)
        return found

    @cached_property
    def end(self) -> int:
        """The end of the data set in Unix seconds."""
        return self._start + self.days * _SECONDS

    def between(self, start: date, end: date) -> Iterator[Video]:
        """Yield the videos of *start* to *end*, both included, the highest id first."""
        for back in range((end - start).days + 1):
            yield from self.by_day.get(end - timedelta(days=back), ())

    def username(self, index: int) -> str:
        """Return the username of the user with this number."""
        return f"emu_user_{index:04d}"

    def comments(self, video: Video) -> Sequence[Comment]:
        """Return the top-level comments on *video*, in the order TikTok lists them."""
        rng = random.Random(f"comments {self.seed} {video.id}")  # noqa: S311 - a made-up data set, not a secret
        return [self._comment(rng, video.create_time, video.id, video.id) for _ in range(video.comment_count)]

    def replies(self, comment: Comment) -> Sequence[Comment]:
        """Return the replies to *comment*."""
        rng = random.Random(f"replies {self.seed} {comment.id}")  # noqa: S311 - a made-up data set, not a secret
        return [
            self._comment(rng, comment.create_time, comment.video_id, comment.id, replies=False)
            for _ in range(comment.reply_count)
        ]

    def comment(self, comment_id: int) -> Comment | None:
        """Return a top-level comment by its id; the upper half of the id is its time."""
        created = comment_id >> 32
        try:
            day = datetime.fromtimestamp(created, UTC).date()
        except (OverflowError, ValueError, OSError):
            return None
        for video in self.between(day - _DAY, day):
            if video.create_time <= created < video.create_time + _COMMENT_SECONDS:
                for comment in self.comments(video):
                    if comment.id == comment_id:
                        return comment
        return None

    @property
    def _start(self) -> int:
        return int(datetime.combine(self.first_day, time(), UTC).timestamp())

    def _video(self, rng: random.Random, created: int) -> Video:
        tags = tuple(rng.sample(TAGS, rng.randrange(4)))
        words = rng.sample(_WORDS, 2)
        popular = int(rng.paretovariate(1.2) * 100)
        return Video(
            # The upper half of TikTok's ids is the second of posting.
            id=(created << 32) | rng.getrandbits(31),
            create_time=created,
            username=self.username(min(int(rng.expovariate(4 / self.users)), self.users - 1)),
            region_code=rng.choice(_REGIONS),
            description=" ".join([*words, *(f"#{tag}" for tag in tags)]),
            music_id=7_106_506_857_899_919_000 + rng.randrange(500),
            hashtag_names=tags,
            effect_ids=tuple(str(rng.randrange(10**6, 10**7)) for _ in range(rng.randrange(3))),
            playlist_id=7_281_443_725_770_476_000 + rng.randrange(20) if _one_in(10, rng) else None,
            voice_to_text="spoken words" if _one_in(5, rng) else None,
            view_count=popular * 12,
            like_count=popular,
            comment_count=min(popular // 40, 1_200),
            share_count=popular // 90,
            favorites_count=popular // 60,
            duration=rng.choice((9, 14, 15, 42, 60, 61, 180, 300, 301, 590)),
            mentions=(self.username(rng.randrange(self.users)),) if _one_in(10, rng) else (),
            is_stem_verified=_one_in(20, rng),
            tag=rng.choice((("AIGC", 1), ("AIGC", 2), ("Branded", 1), ("Branded", 7))) if _one_in(10, rng) else None,
            label="Unverified content" if _one_in(50, rng) else None,
        )

    def _comment(
        self,
        rng: random.Random,
        after: int,
        video_id: int,
        parent: int,
        *,
        replies: bool = True,
    ) -> Comment:
        created = after + rng.randrange(_COMMENT_SECONDS)
        return Comment(
            id=(created << 32) | rng.getrandbits(31),
            video_id=video_id,
            parent_comment_id=parent,
            text=rng.choice(("nice", "call me *** ***", "\U0001f602\U0001f602", "so true")),
            like_count=rng.randrange(50),
            reply_count=rng.choice((0, 0, 0, 1, 3)) if replies else 0,
            create_time=created,
            display_name=f"viewer {rng.randrange(1000)}",
        )


def _one_in(many: int, rng: random.Random) -> bool:
    return rng.randrange(many) == 0
