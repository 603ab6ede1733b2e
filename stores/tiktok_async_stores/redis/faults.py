"""The meaning of Redis's errors: which come from a connection to the wrong server, and what to do about each.

An outage ends by itself. A wrong password, a missing right or a replica in place of the primary does not, so the error
must say which it is.
"""

import re

from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    MasterDownError,
    MovedError,
    NoPermissionError,
    ReadOnlyError,
    ResponseError,
)

from tiktok_async.errors import scrub

_WRONG_SERVER = "It is a replica and accepts no writes: connect to the primary, or to Sentinel by redis+sentinel://HOST/0?master=NAME"
_LOGIN = "It refuses the login: set the user and the password in the URL, or the server's ACL"
_RIGHTS = (
    "The user lacks a right: give it the commands and keys that the page 'Tokens in a fleet' lists (ACL SETUSER), "
    "or check ACL LOG"
)
_CLUSTER = "It is a node of a cluster: use redis+cluster://HOST, or the client RedisCluster"
_LOADING = "It has just started and is reading its data; calls continue when that is done"
_FULL = "It is out of memory: raise maxmemory, or free some"
_DISK = "It cannot write to its disk and so accepts no writes: check its log"
_REPLICAS = "Too few replicas are connected (min-replicas-to-write), so it accepts no writes: check the replicas"
_DATABASE = "It has no database with that number: check the number in the URL and 'databases' in its settings"

# By redis-py's class for the reply, and otherwise by its first word.
_BY_CLASS: tuple[tuple[type[Exception], str], ...] = (
    (ReadOnlyError, _WRONG_SERVER),
    (NoPermissionError, _RIGHTS),
    (AuthenticationError, _LOGIN),
    (MovedError, _CLUSTER),
    (BusyLoadingError, _LOADING),
    (MasterDownError, _WRONG_SERVER),
)
_BY_TEXT: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"READONLY|previous master is now a slave|read only (?:replica|slave)"), _WRONG_SERVER),
    (re.compile(r"NOPERM|can't run this command|has no permissions|No permissions to access a key"), _RIGHTS),
    (
        re.compile(r"NOAUTH|WRONGPASS|invalid password|unauthenticated|without any password|uthentication required"),
        _LOGIN,
    ),
    (re.compile(r"^(?:MOVED|ASK|CROSSSLOT|CLUSTERDOWN)\b|Hash slot not served|cluster is down"), _CLUSTER),
    (re.compile(r"^LOADING\b"), _LOADING),
    (re.compile(r"OOM\b|used memory > 'maxmemory'"), _FULL),
    (re.compile(r"MISCONF\b"), _DISK),
    (re.compile(r"NOREPLICAS\b|Not enough good replicas"), _REPLICAS),
    (re.compile(r"DB index|Invalid Database|SELECT is not allowed"), _DATABASE),
)
# A new connection may reach another server, or log in again; for other errors it would change nothing.
_CONNECTIONS = {_WRONG_SERVER, _LOGIN, _CLUSTER, _LOADING, _DATABASE}


def advice(error: BaseException) -> str | None:
    """Return the meaning of an error and what to do about it; `None` for an outage or an unknown error."""
    for kind, words in _BY_CLASS:
        if isinstance(error, kind):
            return words
    # The server's own text, without the arguments that it repeats.
    text = said(error)
    return next((words for pattern, words in _BY_TEXT if pattern.search(text)), None)


def by_connection(error: BaseException) -> bool:
    """Return whether the connection may be the cause, so that another one may help."""
    return advice(error) in _CONNECTIONS


def is_refusal(error: BaseException) -> bool:
    """Return whether the server answered with a refusal, which does not end by itself."""
    words = advice(error)
    return (words is not None and words is not _LOADING) or isinstance(error, ResponseError)


def said(error: BaseException) -> str:
    """Return the server's message without the arguments that it repeats, which may hold a token."""
    return scrub(str(error).partition(", with args")[0]).rstrip(".")
