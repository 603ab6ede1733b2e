"""This machine's clock compared with TikTok's, by the `Date` header of a response."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import aiohttp

from tiktok_async.cli.checks.finding import Finding, Level

_SUBJECT = "clock"
_TIMEOUT = aiohttp.ClientTimeout(total=15)
# A `Date` has no fraction of a second, so the expected value is half a second later.
_HALF = timedelta(seconds=0.5)
# Correct clocks differ by less than this.
_DOUBTFUL = timedelta(seconds=5)
# Shared leases, expiry and the tolerance of webhooks need clocks that differ by less than this.
_DANGEROUS = timedelta(seconds=30)


async def check_clock(base_url: str) -> AsyncIterator[Finding]:
    """Yield whether the server at *base_url* answers, and how much this machine's clock differs from its clock."""
    url = urlsplit(base_url)
    loopback = url.hostname in {"localhost", "127.0.0.1", "::1"}
    if url.scheme != "https" and not loopback:
        yield Finding(
            "server", Level.DANGEROUS, f"{url.hostname} is not called by https.", "Tokens are sent without TLS."
        )
        return
    try:
        apart, doubt = await _measure(base_url)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        what = f"{url.hostname} does not answer ({type(error).__name__})."
        yield Finding("server", Level.DANGEROUS, what, "Check the network, the proxy and the DNS server.")
        return
    yield Finding("server", Level.OK, f"{url.hostname} answers.")
    if apart is None:
        yield Finding(_SUBJECT, Level.DOUBTFUL, f"{url.hostname} sends no Date header.")
        return
    off = max(timedelta(0), abs(apart) - doubt)
    level = Level.DANGEROUS if off >= _DANGEROUS else Level.DOUBTFUL if off >= _DOUBTFUL else Level.OK
    way = "ahead of" if apart > timedelta(0) else "behind"
    if level is Level.OK:
        yield Finding(_SUBJECT, level, f"This machine's clock agrees with {url.hostname}'s.")
    else:
        what = f"This machine's clock is {abs(apart).total_seconds():.0f} s {way} {url.hostname}'s."
        yield Finding(_SUBJECT, level, what, "Let NTP set it: tokens, leases and webhooks depend on the time.")


async def _measure(base_url: str) -> tuple[timedelta | None, timedelta]:
    """Return how far this clock is ahead, and the possible error of that value."""
    loop = asyncio.get_running_loop()
    async with aiohttp.ClientSession(timeout=_TIMEOUT, cookie_jar=aiohttp.DummyCookieJar()) as http:
        started = loop.time()
        async with http.get(base_url, allow_redirects=False) as response:
            took = timedelta(seconds=loop.time() - started)
            middle = datetime.now(UTC) - took / 2
            try:
                theirs = parsedate_to_datetime(response.headers["Date"])
            except (KeyError, ValueError):
                return None, timedelta(0)
    return middle - (theirs + _HALF), took / 2 + _HALF
