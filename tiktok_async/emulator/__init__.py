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
from tiktok_async.emulator._emulator import Emulator
from tiktok_async.emulator._faults import Fault
from tiktok_async.emulator._quirks import Quirks
from tiktok_async.emulator._requests import RecordedRequest, RequestLog
from tiktok_async.emulator._serve import serve
from tiktok_async.emulator._users import EmulatedUser
from tiktok_async.emulator._webhooks import WebhookDelivery

__all__ = [
    "EmulatedUser",
    "Emulator",
    "Fault",
    "MovableClock",
    "Quirks",
    "RecordedRequest",
    "RequestLog",
    "WebhookDelivery",
    "serve",
]
