"""Making a client of `redis.asyncio` for a URL: of one server, of Sentinel's primary, or of a cluster."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, cast

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError

from tiktok_async.errors import ConfigurationError
from tiktok_async_stores._url import StoreUrl, check_url, parse_url
from tiktok_async_stores.redis.link import RedisClient

_TIMEOUT = 5.0  # seconds for a connection, and for an answer
_PORT, _SENTINEL_PORT = 6379, 26379
_SOCKET = ("socket_timeout", "socket_connect_timeout")


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < math.inf:
        raise ValueError
    return seconds


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise ValueError
    return int(text)


def _flag(text: str) -> bool:
    return {"true": True, "1": True, "false": False, "0": False}[text.lower()]


def _verification(text: str) -> str:
    if text not in {"required", "optional", "none"}:
        raise ValueError
    return text


# option of a URL -> the reader of its value, and its form. They are passed to redis-py by these names.
_OPTIONS: Mapping[str, tuple[Callable[[str], Any], str]] = {
    "client_name": (str, "a name"),
    "health_check_interval": (_seconds, "seconds such as 30"),
    "max_connections": (_count, "a number such as 50"),
    **dict.fromkeys(_SOCKET, (_seconds, "seconds such as 5")),
}
_TLS: Mapping[str, tuple[Callable[[str], Any], str]] = {
    "ssl_ca_certs": (str, "a file"),
    "ssl_certfile": (str, "a file"),
    "ssl_keyfile": (str, "a file"),
    "ssl_check_hostname": (_flag, "true or false"),
    "ssl_cert_reqs": (_verification, "required, optional or none"),
}


def read_url(url: str, *, extra: Collection[str] = (), what: str = "store") -> StoreUrl:
    """Parse the URL of a Redis, a Sentinel or a cluster.

    Args:
        url: `redis://`, `unix://`, `redis+sentinel://` or `redis+cluster://`, the network ones also with `rediss`.
        extra: Names of options that the caller reads itself.
        what: The name of its object, for messages.

    Raises:
        ConfigurationError: A part of it is invalid.
    """
    known = {"db", *_OPTIONS, *extra}
    scheme = check_url(url, what=what)
    if scheme.startswith("rediss"):
        known |= {*_TLS}
    if scheme.endswith("+sentinel"):
        known |= {"master", "sentinel_username", "sentinel_password"}
    return parse_url(url, options=known, what=what)


def connect(parts: StoreUrl) -> RedisClient:
    """Return the client for the parts of a URL; it connects on first use.

    Raises:
        ConfigurationError: They do not fit together. No password is shown.
    """
    secure, _, kind = parts.scheme.partition("+")
    keywords = _keywords(parts)
    if secure not in {"redis", "rediss", "unix"} or kind not in {"", "sentinel", "cluster"}:
        raise ConfigurationError(
            "A Redis URL must begin with redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://."
        )
    if kind == "cluster":
        return _cluster(parts, keywords)
    keywords["db"] = _database(parts)
    if kind == "sentinel":
        return _primary(parts, keywords)
    if secure == "unix":
        if parts.hosts or not parts.path:
            raise ConfigurationError("The URL of a socket must be unix:///path/to/redis.sock, with three slashes.")
        return _make(Redis, unix_socket_path=parts.path, **keywords)
    if len(parts.hosts) > 1:
        raise ConfigurationError(
            "A redis:// URL can name only one host. For several use redis+sentinel://H1,H2/0?master=NAME or "
            "redis+cluster://H1,H2."
        )
    host, port = parts.hosts[0] if parts.hosts else ("localhost", None)
    return _make(Redis, host=host, port=port or _PORT, **keywords)


def replicas(parts: StoreUrl) -> int:
    """Return how many replicas must confirm a write, from `wait_replicas` in the URL; 0 without it.

    Raises:
        ConfigurationError: It is not a number, or the URL is a cluster's.
    """
    text = parts.options.get("wait_replicas", "0")
    try:
        count = _count(text)
    except ValueError:
        raise ConfigurationError("wait_replicas in the Redis URL must be a number such as 1.") from None
    if count and parts.scheme.endswith("+cluster"):
        raise ConfigurationError("A cluster cannot wait for replicas: set min-replicas-to-write 1 on its nodes.")
    return count


def _database(parts: StoreUrl) -> int:
    path = "" if parts.scheme == "unix" else parts.path.strip("/")
    option = parts.options.get("db", "")
    if path and option and path != option:
        raise ConfigurationError("The Redis URL names two databases, after the slash and by db=; keep one.")
    try:
        return _count(path or option or "0")
    except ValueError:
        raise ConfigurationError(
            "The database in a Redis URL must be a number, as in redis://HOST:6379/0. To keep apps apart in one "
            "database, give the store a prefix."
        ) from None


def _keywords(parts: StoreUrl) -> dict[str, Any]:
    # One repeat, and only after a lost connection: after a restart of the server the pooled connections are closed,
    # which shows only when they are used. Scripts may arrive twice. A timeout is never repeated.
    retry = Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,))
    keywords: dict[str, Any] = dict.fromkeys(_SOCKET, _TIMEOUT) | {"retry": retry, "protocol": 2}
    for name, (read, form) in {**_OPTIONS, **_TLS}.items():
        if name in parts.options:
            try:
                keywords[name] = read(parts.options[name])
            except (ValueError, KeyError):
                raise ConfigurationError(f"The option {name} of the Redis URL is {form}.") from None
    if parts.username is not None:
        keywords["username"] = parts.username
    if parts.password is not None:
        keywords["password"] = parts.password.reveal()
    if parts.scheme.startswith("rediss"):
        keywords["ssl"] = True
    return keywords


class _Primary(Redis):
    """A client of the primary that closes the clients of its sentinels, too."""

    watchers: Sequence[Any] = ()

    async def aclose(self, close_connection_pool: bool | None = None) -> None:  # noqa: FBT001 - as in redis-py
        await super().aclose(close_connection_pool)
        for client in self.watchers:
            await client.aclose()


def _primary(parts: StoreUrl, keywords: dict[str, Any]) -> RedisClient:
    name = parts.options.get("master")
    if not parts.hosts or not name:
        raise ConfigurationError(
            "A URL of Sentinel names its hosts and the primary: redis+sentinel://H1:26379,H2:26379/0?master=NAME."
        )
    shared = {key: value for key, value in keywords.items() if key in {*_SOCKET, "protocol"} or key.startswith("ssl")}
    for option in ("username", "password"):
        if f"sentinel_{option}" in parts.options:
            shared[option] = parts.options[f"sentinel_{option}"]
    hosts = [(host, port or _SENTINEL_PORT) for host, port in parts.hosts]
    sentinel: Any = _make(Sentinel, sentinels=hosts, sentinel_kwargs=shared, **keywords)
    client = sentinel.master_for(name, redis_class=_Primary)
    client.watchers = sentinel.sentinels
    return cast("RedisClient", client)


def _cluster(parts: StoreUrl, keywords: dict[str, Any]) -> RedisClient:
    if _database(parts):
        raise ConfigurationError("A cluster has only database 0; leave it out of the URL.")
    if not parts.hosts:
        raise ConfigurationError("A URL of a cluster names some of its hosts: redis+cluster://H1:6379,H2:6379.")
    nodes = [ClusterNode(host, port or _PORT) for host, port in parts.hosts]
    # The cluster client itself handles lost connections and moved shards.
    del keywords["retry"]
    return _make(RedisCluster, startup_nodes=nodes, **keywords)


def _make(kind: Callable[..., object], **keywords: Any) -> RedisClient:  # noqa: ANN401 - redis-py's own keywords
    return cast("RedisClient", kind(**keywords))
