"""The settings of a Redis server that can lose tokens.

A refresh token works once. A server that loses the last second of writes restores a used one, and the creator has to
log in again. So a loss that is harmless for a cache is not harmless for tokens.
"""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from tiktok_async.errors import StoreError
from tiktok_async_stores.redis.link import RedisLink

_REPLICATION = ("min-replicas-to-write", "min-replicas-max-lag")
_SETTINGS = ("appendonly", "appendfsync", "save", "maxmemory-policy", "no-appendfsync-on-rewrite", *_REPLICATION)
_WRITE_ERRORS = ("aof_last_write_status", "aof_last_bgrewrite_status", "rdb_last_bgsave_status")


def unsafe_settings(settings: Mapping[str, str], info: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the settings that can lose tokens, as pairs of the setting with its value, and the advice.

    Args:
        settings: The answer to `CONFIG GET`; empty if it is forbidden.
        info: The answer to `INFO`; empty if it is forbidden.
    """
    yield from _persistence(settings, info)
    policy = settings.get("maxmemory-policy") or str(info.get("maxmemory_policy", "noeviction"))
    if policy != "noeviction":
        yield (
            f"maxmemory-policy {policy}",
            "Set maxmemory-policy noeviction: with any other, Redis deletes tokens when memory is short.",
        )
    if info.get("role") in {"slave", "replica"}:
        yield (
            "role replica",
            "Connect to the primary: a replica refuses or loses writes, and its tokens may be old.",
        )
    elif int(info.get("connected_slaves", 0)):
        yield from _replication(settings)


def _replication(settings: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, good in zip(_REPLICATION, ("1", "10"), strict=True):
        if settings.get(name) == "0":
            what = f"Set {name} {good}: a primary without its replicas still accepts tokens, and loses them when "
            how = "another server takes its place. ?wait_replicas=1 in the store's URL has each one confirmed."
            yield f"{name} 0", what + how
            return


def _persistence(settings: Mapping[str, str], info: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    append = settings.get("appendonly") or {"0": "no", "1": "yes"}.get(str(info.get("aof_enabled", "")))
    if append == "no":
        saved = settings.get("save")
        lost = "all tokens" if saved == "" else "the tokens of the last minutes"
        yield (
            "appendonly no" + (' with save ""' if saved == "" else ""),
            f"Set appendonly yes (CONFIG SET, then CONFIG REWRITE): a crash of Redis loses {lost} now.",
        )
    elif append == "yes":
        if settings.get("appendfsync") == "no":
            yield (
                "appendfsync no",
                "Set appendfsync everysec or always: a power cut loses the tokens of the last half minute now.",
            )
        if settings.get("no-appendfsync-on-rewrite") == "yes":
            yield (
                "no-appendfsync-on-rewrite yes",
                "Set no-appendfsync-on-rewrite no: while the log is rewritten, no write is safe now.",
            )
    for name in _WRITE_ERRORS:
        if str(info.get(name, "ok")) != "ok":
            yield (f"{name} {info[name]}", "Check Redis's log and its disk: it could not save its data.")


async def inspect(link: RedisLink) -> list[tuple[str, str]]:
    """Return the server's settings that can lose tokens; those that may not be read count as safe.

    Raises:
        StoreError: Redis cannot be reached.
    """
    await link.command("PING")
    return list(unsafe_settings(*await look(link)))


async def look(link: RedisLink) -> tuple[Mapping[str, str], Mapping[str, Any]]:
    """Return the answers to `CONFIG GET` and `INFO` for `unsafe_settings`; a forbidden one is empty."""
    settings: dict[str, str] = {}
    for name in _SETTINGS:
        settings.update(_pairs(await _ask(link, "CONFIG GET", name)))
    return settings, _fields(await _ask(link, "INFO"))


async def _ask(link: RedisLink, *command: str) -> object:
    try:
        return await link.command(*command)
    except StoreError:
        # Managed servers forbid CONFIG, ACLs may forbid both. If the server is down, the next command fails.
        return None


def _pairs(answer: object) -> dict[str, str]:
    """Read the answer to `CONFIG GET`, a dict from redis-py; in a cluster, one node is asked."""
    if isinstance(answer, dict):
        pairs = cast("dict[object, object]", answer)
        return {_text(name): _text(value) for name, value in pairs.items()}
    if isinstance(answer, list):
        texts = [_text(item) for item in cast("list[object]", answer)]
        return dict(zip(texts[::2], texts[1::2], strict=False))
    return {}


def _fields(answer: object) -> Mapping[str, Any]:
    """Read the answer to `INFO`, a dict from redis-py, or a dict of dicts for a cluster, of which one node is read."""
    if not isinstance(answer, dict):
        return {}
    fields = cast("dict[str, Any]", answer)
    first = next(iter(fields.values()), None)
    return cast("dict[str, Any]", first) if isinstance(first, dict) and "redis_version" in first else fields


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
