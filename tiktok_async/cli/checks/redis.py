"""A store in Redis: whether its data is durable, and protected from others."""

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

from tiktok_async.cli.checks.finding import Finding, Level
from tiktok_async.errors import ConfigurationError, StoreError

if TYPE_CHECKING:
    from tiktok_async_stores._url import StoreUrl

_SUBJECT = "Redis"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


async def check_redis(url: str) -> AsyncIterator[Finding]:
    """Yield what endangers tokens in the Redis at *url*; its password is never shown.

    A Redis that cannot be used yields nothing: the checks that open it and read its accounts report that.
    """
    try:
        from tiktok_async_stores.redis.connect import read_url

        parts = read_url(url)
        findings = [*await _settings(parts), *_connection(parts)]
    except (ConfigurationError, StoreError, ImportError):
        return
    for finding in findings:
        yield finding
    if not findings:
        yield Finding(_SUBJECT, Level.OK, "Its data is durable.")


def _connection(parts: "StoreUrl") -> Iterator[Finding]:
    hosts = ", ".join(host for host, _ in parts.hosts if host not in _LOOPBACK)
    if not hosts:
        return
    if not parts.scheme.startswith("rediss"):
        advice = f"Use {parts.scheme.replace('redis', 'rediss', 1)}:// unless nobody else can use the network between."
        yield Finding(_SUBJECT, Level.DOUBTFUL, f"Tokens are sent to {hosts} without TLS.", advice)
    if parts.password is None:
        advice = "Set a user and a password (ACL SETUSER). Now everybody who can connect to it can read every token."
        yield Finding(_SUBJECT, Level.DANGEROUS, f"{hosts} asks for no password.", advice)


async def _settings(parts: "StoreUrl") -> list[Finding]:
    from tiktok_async_stores.redis.connect import connect
    from tiktok_async_stores.redis.link import RedisLink
    from tiktok_async_stores.redis.safety import look, unsafe_settings

    link = RedisLink(connect(parts), owned=True)
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
        advice = "Let its operator check appendonly, appendfsync and maxmemory-policy."
        findings.append(Finding(_SUBJECT, Level.DOUBTFUL, f"It forbids {hidden}, so not all was checked.", advice))
    return findings
