"""The emulator's controls for publishing, Research and Data Portability."""

from collections.abc import Sequence
from typing import Unpack

from attrs import evolve

from tiktok_async.emulator.engine.quirks import Quirks
from tiktok_async.emulator.engine.routes import RouteDef
from tiktok_async.emulator.engine.state import State
from tiktok_async.emulator.engine.users import EmulatedUser
from tiktok_async.emulator.portability.endpoints import Portability
from tiktok_async.emulator.posting.creators import Creator, CreatorChanges
from tiktok_async.emulator.posting.endpoints import Posting
from tiktok_async.emulator.posting.posts import Posts
from tiktok_async.emulator.posting.timelines import Timeline, TimelineChanges
from tiktok_async.emulator.research.ads import Adlib
from tiktok_async.emulator.research.comments import ResearchThreads
from tiktok_async.emulator.research.compliance import ResearchTasks
from tiktok_async.emulator.research.data import ResearchData
from tiktok_async.emulator.research.endpoints import Research
from tiktok_async.emulator.research.shop import ResearchShop
from tiktok_async.emulator.research.users import ResearchUsers


class Products:
    """The controls that an `Emulator` has besides those for login and Display.

    Attributes:
        posting: Content Posting; its `quirks` and `properties` may be changed at any time.
        research: The Research API; its `quirks` and `data` may be changed at any time.
        portability: Data Portability; its `quirks` may be changed at any time.
    """

    def __init__(self, state: State) -> None:
        self.posting: Posting = Posting(state, state.quirks.posting)
        self.research: Research = Research(state, state.quirks.research, ResearchData(seed=state.seed))
        self.portability: Portability = Portability(state, state.quirks.portability)
        self._adlib = Adlib(self.research)

    def use_quirks(self, quirks: Quirks) -> None:
        """Apply *quirks* to the product areas, from the next request on."""
        self.posting.quirks = quirks.posting
        self.portability.quirks = quirks.portability
        before, self.research.quirks = self.research.quirks, quirks.research
        # A test may have set a quota directly; only a change of its quirk overwrites that.
        if before.requests_a_day != quirks.research.requests_a_day:
            self.research.quota.limit = quirks.research.requests_a_day
        if before.graph_requests_a_day != quirks.research.graph_requests_a_day:
            self.research.graph_quota.limit = quirks.research.graph_requests_a_day

    @property
    def posts(self) -> Posts:
        """Every accepted init: its request, the bytes received, and its result."""
        return self.posting.posts

    @property
    def leaked_bearer(self) -> bool:
        """Whether a chunk ever had an `Authorization` header, which no upload host should receive."""
        return self.posting.uploads.bearers > 0

    def creator(
        self, user: EmulatedUser, *, privacy: Sequence[str] | None = None, **changes: Unpack[CreatorChanges]
    ) -> Creator:
        """Change and return the posting settings of *user*.

        Args:
            user: The creator.
            privacy: The privacy levels they may choose; the default depends on whether the account is private.
            **changes: Attributes of `Creator`, such as `comment_disabled` or `banned`.

        Raises:
            AttributeError: A creator has no such attribute.
        """
        creator = self.posting.creator(user.open_id)
        if privacy is not None:
            creator.privacy_level_options = tuple(privacy)
        for name, value in changes.items():
            setattr(creator, name, value)
        return creator

    def plan_timeline(self, timeline: Timeline | None = None, **changes: Unpack[TimelineChanges]) -> Timeline:
        """Set what happens to every init accepted from now on; by default everything happens at once.

        Args:
            timeline: The timeline to start from; default: everything at once.
            **changes: Attributes of `Timeline`, such as `processing=timedelta(minutes=2)`.
        """
        self.posting.timeline = evolve(timeline or Timeline(), **changes)
        return self.posting.timeline

    def fail_publish(self, reason: str, *, times: int = 1) -> None:
        """Let the next accepted inits end in `FAILED` for *reason*."""
        self.posting.fail_next(str(reason), times)

    def tear_upload(self, *after: int) -> None:
        """Reset the connection of the next chunks, one per number, after that many bytes of the body."""
        self.posting.uploads.tears.extend(after)

    def host_media(self, url: str, data: bytes) -> None:
        """Let a `PULL_FROM_URL` find *data* at *url*; with the quirk `media="checked"` it is checked.

        Args:
            url: The URL as the post will give it.
            data: The whole video or photo.
        """
        self.posting.hosted[url] = bytes(data)

    def stop_products(self) -> None:
        """Stop the timers of all publishes and archives."""
        self.posting.posts.stop()
        self.portability.stop()

    def product_routes(self) -> list[RouteDef]:
        """Return the routes of these areas."""
        return [
            *self.posting.routes(),
            *self.research.routes(),
            *ResearchUsers(self.research).routes(),
            *ResearchThreads(self.research).routes(),
            *ResearchShop(self.research).routes(),
            *ResearchTasks(self.research).routes(),
            *self._adlib.routes(),
            *self.portability.routes(),
        ]
