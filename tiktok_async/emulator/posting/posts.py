"""The emulator's record of all accepted inits and their results."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import takewhile
from typing import Any, overload

from attrs import define, field

from tiktok_async.emulator.engine.clock import MovableClock, Timer
from tiktok_async.emulator.posting.timelines import PROCESSING_DOWNLOAD, Step, Timeline, steps
from tiktok_async.emulator.posting.uploads import Arrival, Upload
from tiktok_async.models import Endpoint


@define(eq=False, slots=True, kw_only=True)
class Post:
    """One accepted init and its result.

    Attributes:
        publish_id: TikTok's id for it.
        open_id: The user's id.
        endpoint: Which of the three inits.
        body: The JSON of the init.
        at: When the init was accepted, the clock's monotonic seconds.
        draft: Whether it goes to the inbox.
        public: Whether everyone may see the post.
        timeline: The planned timeline.
        upload: Its upload; `None` if TikTok pulls the media.
        status: The status, with TikTok's words.
        fail_reason: Why it failed.
        post_ids: The ids of the public post.
        events: The webhooks sent for it, in order.
    """

    publish_id: str
    open_id: str
    endpoint: Endpoint
    body: Mapping[str, Any] = field(repr=False)
    at: float
    draft: bool
    public: bool
    timeline: Timeline
    upload: Upload | None
    status: str
    fail_reason: str | None = None
    post_ids: tuple[int, ...] = ()
    events: list[str] = field(factory=list[str])
    polls: int = 0
    began_at: float | None = None
    steps: list[Step] = field(factory=list[Step], repr=False)
    timer: Timer | None = field(default=None, repr=False)

    @property
    def sha256(self) -> str | None:
        """The hexadecimal SHA-256 of the bytes received; `None` if TikTok pulls them."""
        return self.upload.sha256 if self.upload is not None else None

    @property
    def arrivals(self) -> Sequence[Arrival]:
        """All PUTs received for it."""
        return self.upload.arrivals if self.upload is not None else ()

    @property
    def final(self) -> bool:
        """Whether its status will not change any more."""
        return self.status in ("FAILED", "PUBLISH_COMPLETE") and not self.steps

    def begin(self, now: float) -> None:
        """Start the timeline: the upload is complete, or the pull begins."""
        self.began_at = now
        self.steps = list(
            steps(self.timeline, pulled=self.upload is None, draft=self.draft, public=self.public),
        )

    def due(self, now: float) -> Step | None:
        """Return the next step if it is due."""
        if self.began_at is None or not self.steps or self.began_at + self.steps[0].after > now:
            return None
        return self.steps.pop(0)

    def next_in(self, now: float) -> float | None:
        """Return the seconds to the next step, if there is one."""
        return self.began_at + self.steps[0].after - now if self.began_at is not None and self.steps else None

    def downloaded(self, now: float) -> int:
        """Return how many bytes TikTok has pulled."""
        if self.upload is not None or self.began_at is None:
            return 0
        length = self.timeline.download.total_seconds()
        share = 1.0 if self.status != PROCESSING_DOWNLOAD or not length else min(1.0, (now - self.began_at) / length)
        return int(self.timeline.download_size * share)


class Posts(Sequence[Post]):
    """Every accepted init, oldest first.

    Args:
        clock: The clock of the posts' steps.
        happened: Called for each step that is due.

    Attributes:
        accepted: How many inits were accepted, by open_id; more than the app meant to send means a duplicate.
    """

    def __init__(self, clock: MovableClock, happened: Callable[[Post, Step], None]) -> None:
        self._clock = clock
        self._happened = happened
        self._posts: list[Post] = []
        self._by_id: dict[str, Post] = {}
        self._by_user: dict[str, list[Post]] = {}
        self.accepted: Counter[str] = Counter()

    @overload
    def __getitem__(self, index: int) -> Post: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Post]: ...
    def __getitem__(self, index: int | slice) -> Post | Sequence[Post]:
        return self._posts[index]

    def __len__(self) -> int:
        return len(self._posts)

    def __iter__(self) -> Iterator[Post]:
        return iter(list(self._posts))

    def find(self, publish_id: str) -> Post | None:
        """Return the post with that id, in its current state."""
        post = self._by_id.get(publish_id)
        if post is not None:
            self.advance(post)
        return post

    def of(self, open_id: str) -> list[Post]:
        """Return the posts of one user in their current state, oldest first."""
        return self._advanced(self._by_user.get(open_id, []))

    def recent(self, within: timedelta, open_id: str | None = None) -> list[Post]:
        """Return the posts whose init was accepted in the last *within*, newest first; all users' unless given."""
        since = self._clock.monotonic() - within.total_seconds()
        posts = self._posts if open_id is None else self._by_user.get(open_id, [])
        return self._advanced(takewhile(lambda post: post.at > since, reversed(posts)))

    def stop(self) -> None:
        """Stop the timers of all posts."""
        for post in self._posts:
            if post.timer is not None:
                post.timer.cancel()

    def _advanced(self, posts: Iterable[Post]) -> list[Post]:
        found = list(posts)
        for post in found:
            self.advance(post)
        return found

    def add(self, post: Post) -> None:
        """Add a post whose init was accepted; a pull begins at once."""
        self._posts.append(post)
        self._by_id[post.publish_id] = post
        self._by_user.setdefault(post.open_id, []).append(post)
        self.accepted[post.open_id] += 1
        if post.upload is None:
            self.begin(post)

    def begin(self, post: Post) -> None:
        """Start the timeline of *post*."""
        post.begin(self._clock.monotonic())
        self.advance(post)

    def advance(self, post: Post) -> None:
        """Take all steps that are due, and set a timer for the next one."""
        if not post.steps:
            return
        now = self._clock.monotonic()
        while (step := post.due(now)) is not None:
            self._happened(post, step)
        if post.timer is not None:
            post.timer.cancel()
        wait = post.next_in(now)
        post.timer = None if wait is None else self._clock.call_later(wait, lambda: self.advance(post))
