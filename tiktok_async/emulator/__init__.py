"""An emulator to test against: TikTok's v2 API in memory, on a real port, as strict as the original.

Example:
    >>> async def example() -> None:
    ...     async with Emulator() as emulator:
    ...         user = emulator.add_user(videos=250)
    ...         async with emulator.session() as session:
    ...             account = await emulator.connect(session, user)
    ...             emulator.clock.advance(timedelta(hours=3))
"""

from tiktok_async.emulator._emulator import Emulator
from tiktok_async.emulator._reports import quirks_from
from tiktok_async.emulator._serve import serve
from tiktok_async.emulator._thread import EmulatorThread
from tiktok_async.emulator.engine.clock import MovableClock
from tiktok_async.emulator.engine.faults import Fault
from tiktok_async.emulator.engine.quirk_values import parse_quirks
from tiktok_async.emulator.engine.quirks import PortabilityQuirks, PostingQuirks, Quirks, ResearchQuirks
from tiktok_async.emulator.engine.requests import RecordedRequest, RequestLog
from tiktok_async.emulator.engine.users import EmulatedUser, UserProfile
from tiktok_async.emulator.engine.webhooks import SignedWebhook, WebhookDelivery
from tiktok_async.emulator.posting.creators import Creator, CreatorChanges
from tiktok_async.emulator.posting.posts import Post, Posts
from tiktok_async.emulator.posting.timelines import Timeline, TimelineChanges
from tiktok_async.emulator.posting.uploads import Arrival, Upload
from tiktok_async.emulator.research.data import ResearchData

__all__ = [
    "Arrival",
    "Creator",
    "CreatorChanges",
    "EmulatedUser",
    "Emulator",
    "EmulatorThread",
    "Fault",
    "MovableClock",
    "PortabilityQuirks",
    "Post",
    "PostingQuirks",
    "Posts",
    "Quirks",
    "RecordedRequest",
    "RequestLog",
    "ResearchData",
    "ResearchQuirks",
    "SignedWebhook",
    "Timeline",
    "TimelineChanges",
    "Upload",
    "UserProfile",
    "WebhookDelivery",
    "parse_quirks",
    "quirks_from",
    "serve",
]
