"""A TikTok to test against: the v2 API in memory, on a real port, as strict as the original.

Example:
    >>> async def example() -> None:
    ...     async with Emulator() as emulator:
    ...         user = emulator.add_user(videos=250)
    ...         async with emulator.session() as session:
    ...             account = await emulator.connect(session, user)
    ...             emulator.clock.advance(timedelta(hours=3))
"""

from tiktok_async.emulator._clock import MovableClock
from tiktok_async.emulator._creators import Creator
from tiktok_async.emulator._emulator import Emulator
from tiktok_async.emulator._faults import Fault
from tiktok_async.emulator._portability_quirks import PortabilityQuirks
from tiktok_async.emulator._posting_quirks import PostingQuirks
from tiktok_async.emulator._posts import Post, Posts
from tiktok_async.emulator._quirks import Quirks
from tiktok_async.emulator._requests import RecordedRequest, RequestLog
from tiktok_async.emulator._research_data import ResearchData
from tiktok_async.emulator._research_quirks import ResearchQuirks
from tiktok_async.emulator._serve import serve
from tiktok_async.emulator._timelines import Timeline
from tiktok_async.emulator._uploads import Arrival, Upload
from tiktok_async.emulator._users import EmulatedUser
from tiktok_async.emulator._webhooks import WebhookDelivery

__all__ = [
    "Arrival",
    "Creator",
    "EmulatedUser",
    "Emulator",
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
    "Timeline",
    "Upload",
    "WebhookDelivery",
    "serve",
]
