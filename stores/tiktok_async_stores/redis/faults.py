"""What Redis's refusals mean: which come from a connection to the wrong server, and what is to be done about each.

An outage ends by itself. A wrong password, a missing right or a replica in the primary's place does not: whoever reads
the error has to know which it is.
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

_WRONG_SERVER = (
    "It is a replica and takes no writes: connect to the primary, or to Sentinel by redis+sentinel://HOST/0?master=NAME"
)
_LOGIN = "It refuses the login: set the user and the password in the URL, or the server's ACL"
_RIGHTS = (
    "The user lacks a right: give it the commands and keys that the page 'Tokens in a fleet' lists (ACL SETUSER), "
    "or look at ACL LOG"
)
_CLUSTER = "It is a node of a cluster: use redis+cluster://HOST, or the client RedisCluster"
_LOADING = "It has just started and reads its data; calls go on when it is done"
_FULL = "It is out of memory: raise maxmemory, or free some"
_DISK = "It cannot write to its disk and so takes no writes: look at its log"
_REPLICAS = "Too few replicas follow it (min-replicas-to-write), so it takes no writes: look at the replicas"
_DATABASE = "It has no database of that number: look at the number in the URL and at 'databases' in its settings"

# By what redis-py makes of the reply, and by its first word where it makes nothing of it.
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
# A new connection may reach another server, or log in anew; for the rest it would change nothing.
_CONNECTIONS = {_WRONG_SERVER, _LOGIN, _CLUSTER, _LOADING, _DATABASE}


def advice(error: BaseException) -> str | None:
    """Return what a refusal means and what to do about it; `None` for an outage, or what nobody knows here."""
    for kind, words in _BY_CLASS:
        if isinstance(error, kind):
            return words
    # Text of the server's own, not the arguments it repeats.
    text = said(error)
    return next((words for pattern, words in _BY_TEXT if pattern.search(text)), None)


def by_connection(error: BaseException) -> bool:
    """Return whether the connection may be at fault, so that another one may do better."""
    return advice(error) in _CONNECTIONS


def is_refusal(error: BaseException) -> bool:
    """Return whether the server is there and refuses, which does not end by itself."""
    words = advice(error)
    return (words is not None and words is not _LOADING) or isinstance(error, ResponseError)


def said(error: BaseException) -> str:
    """Return the server's words without the arguments that it repeats: those may hold a token."""
    return scrub(str(error).partition(", with args")[0]).rstrip(".")
