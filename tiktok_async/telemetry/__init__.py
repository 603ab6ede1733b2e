"""Observers: a session's events as log records or as OpenTelemetry's spans and metrics.

Events hold no secrets, so log records, spans and metrics hold none. An observer sees what *calls* do. A library
that instruments aiohttp itself sees URLs, and an upload's URL is a secret: `docs/observability.md` says how to keep it
out.

Example:
    >>> from tiktok_async import TikTokSession
    >>> async def main():
    ...     async with TikTokSession.from_env(observer=LoggingObserver()) as session:
    ...         ...
"""

from tiktok_async.telemetry._logging import LoggingObserver
from tiktok_async.telemetry._otel import OpenTelemetryObserver

__all__ = ["LoggingObserver", "OpenTelemetryObserver"]
