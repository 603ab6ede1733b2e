"""A store in Redis: whether it keeps what it was given, and keeps it to itself."""

from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

from tiktok_async.cli.checks.finding import Finding, Level
from tiktok_async.errors import ConfigurationError, StoreError

_SUBJECT = "Redis"
_LOOPBACK = {"localhost", "127.0.0.1", "::1", None}


async def check_redis(url: str) -> AsyncIterator[Finding]:
    """Yield what endangers tokens in the Redis at *url*, whose password is never shown.

    One that cannot be used yields nothing: opening it and reading its accounts tell of that.
    """
    try:
        findings = [*await _settings(url), *_way(url)]
    except (ConfigurationError, StoreError, ImportError):
        return
    for finding in findings:
        yield finding
    if not findings:
        yield Finding(_SUBJECT, Level.OK, "It keeps what it was given.")


def _way(url: str) -> Iterator[Finding]:
    parts = urlsplit(url)
    if parts.scheme == "unix" or parts.hostname in _LOOPBACK:
        return
    if parts.scheme == "redis":
        advice = "Use rediss:// unless the network between is yours alone."
        yield Finding(_SUBJECT, Level.DOUBTFUL, f"Tokens travel to {parts.hostname} in clear.", advice)
    if not parts.password:
        advice = "Give it a user and a password (ACL SETUSER): whoever reaches it has every token."
        yield Finding(_SUBJECT, Level.DANGEROUS, f"{parts.hostname} asks for no password.", advice)


async def _settings(url: str) -> list[Finding]:
    from tiktok_async_stores.redis.link import RedisLink, connect
    from tiktok_async_stores.redis.safety import look, unsafe_settings

    link = RedisLink(connect(url), owned=True)
    try:
        await link.command("PING")
        settings, info = await look(link)
    finally:
        await link.aclose()
    findings = [
        Finding(_SUBJECT, Level.DANGEROUS, f"It has {setting}.", advice)
        for setting, advice in unsafe_settings(settings, info)
    ]
    hidden = " and ".join(name for name, seen in (("CONFIG GET", settings), ("INFO", info)) if not seen)
    if hidden:
        advice = "Let its operator look at appendonly, appendfsync and maxmemory-policy."
        findings.append(Finding(_SUBJECT, Level.DOUBTFUL, f"It forbids {hidden}, so not all was looked at.", advice))
    return findings
