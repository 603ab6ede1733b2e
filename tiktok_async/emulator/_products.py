"""The emulator's doors to publishing, Research and Data Portability."""

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
    """What an `Emulator` offers tests beyond login and Display.

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
        """Let the product areas behave by *quirks* from the next request on."""
        self.posting.quirks = quirks.posting
        self.portability.quirks = quirks.portability
        before, self.research.quirks = self.research.quirks, quirks.research
        # A quota may have been set by hand; only a change of its quirk replaces that.
        if before.requests_a_day != quirks.research.requests_a_day:
            self.research.quota.limit = quirks.research.requests_a_day
        if before.graph_requests_a_day != quirks.research.graph_requests_a_day:
            self.research.graph_quota.limit = quirks.research.graph_requests_a_day

    @property
    def posts(self) -> Posts:
        """Every accepted init: what was asked, which bytes came, what became of it."""
        return self.posting.posts

    @property
    def leaked_bearer(self) -> bool:
        """Whether a chunk ever came with an `Authorization` header, which no upload host is to see."""
        return self.posting.uploads.bearers > 0

    def creator(
        self, user: EmulatedUser, *, privacy: Sequence[str] | None = None, **changes: Unpack[CreatorChanges]
    ) -> Creator:
        """Return the posting side of *user*, changed.

        Args:
            user: Who.
            privacy: The privacy levels they may choose; default: by whether the account is private.
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
        """Say what becomes of every init accepted from now on; everything at once, if nothing is said.

        Args:
            timeline: The plan to start from; default: all at once.
            **changes: Attributes of `Timeline`, such as `processing=timedelta(minutes=2)`.
        """
        self.posting.timeline = evolve(timeline or Timeline(), **changes)
        return self.posting.timeline

    def fail_publish(self, reason: str, *, times: int = 1) -> None:
        """Let the next accepted inits end in `FAILED` for *reason*."""
        self.posting.fail_next(str(reason), times)

    def tear_upload(self, *after: int) -> None:
        """Reset the connection of the next chunks, one for each number, after so many bytes of the body."""
        self.posting.uploads.tears.extend(after)

    def host_media(self, url: str, data: bytes) -> None:
        """Let a `PULL_FROM_URL` find *data* at *url*; with the quirk `media="checked"` it is looked into.

        Args:
            url: As the post will name it.
            data: The whole video or photo.
        """
        self.posting.hosted[url] = bytes(data)

    def stop_products(self) -> None:
        """Let no publish and no archive go on by itself."""
        self.posting.posts.stop()
        self.portability.stop()

    def product_routes(self) -> list[RouteDef]:
        """Return what these areas serve."""
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
