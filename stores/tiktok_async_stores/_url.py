"""Parsing and checking a store's URL: an unknown part is refused, never guessed or ignored.

No message shows the URL, since it may hold a password.
"""

import os
import re
import unicodedata
from collections.abc import Collection, Mapping
from urllib.parse import unquote_to_bytes

from attrs import field, frozen

from tiktok_async.errors import ConfigurationError
from tiktok_async.models import Secret

_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_HOST = re.compile(r"(?:\[(?P<address>[0-9A-Fa-f:.]+)\]|(?P<name>[^:\[\]]+))(?::(?P<port>.*))?")
_HIGHEST_PORT = 65_535
_IN_PASSWORDS = "in a password, write / as %2F, ? as %3F, # as %23, @ as %40 and : as %3A"
_FORMS = "It looks like sqlite:///tokens.db or redis://USER:PASSWORD@HOST:6379/0"

MEMORY = ":memory:"
"""The path of a SQLite database in memory."""


@frozen(slots=True)
class StoreUrl:
    """The parts of a URL, percent-decoded.

    Attributes:
        scheme: In lower case.
        username: The user, if there is one.
        password: The user's password, if there is one.
        hosts: Host and port (or `None`) of each server; empty if the URL names none.
        path: The path after the hosts, with its slash; may be empty.
        options: The options after the question mark.
    """

    scheme: str
    username: str | None = field(repr=False)
    password: Secret | None
    hosts: tuple[tuple[str, int | None], ...]
    path: str
    options: Mapping[str, str] = field(repr=False)


def check_url(url: str, *, what: str = "store") -> str:
    """Return the scheme of *url*, in lower case, after the checks that are common to all URLs.

    Args:
        url: The URL.
        what: The name of its object, for messages.

    Raises:
        ConfigurationError: It is not text, has no scheme, or holds a character that is not allowed in a URL.
    """
    if not isinstance(url, str):  # pyright: ignore[reportUnnecessaryIsInstance] - a caller may be untyped
        raise _refused(what, f"is text, not {type(url).__name__}")
    if url != url.strip():
        raise _refused(what, "begins or ends with a space, perhaps a line break from a file; remove it")
    _check_characters(url, what)
    scheme, separator, _ = url.partition("://")
    if not separator or not _SCHEME.fullmatch(scheme):
        raise _refused(what, "has no scheme")
    return scheme.lower()


def parse_url(url: str, *, options: Collection[str], what: str = "store") -> StoreUrl:
    """Parse *url*: `SCHEME://USER:PASSWORD@HOST:PORT,HOST:PORT/PATH?OPTION=VALUE`.

    Args:
        url: The URL.
        options: The names of known options.
        what: The name of the URL's object, for messages.

    Raises:
        ConfigurationError: A part of it is invalid. The message says which, and shows no password.
    """
    scheme = check_url(url, what=what)
    rest = url.partition("://")[2]
    if "#" in rest:
        raise _refused(what, "holds a '#'; write it as %23")
    rest, _, query = rest.partition("?")
    authority, slash, path = rest.partition("/")
    userinfo, at, hosts = authority.rpartition("@")
    if "[" in userinfo or "]" in userinfo:
        raise _refused(what, "holds a bracket in its user or password; write [ as %5B and ] as %5D")
    username, colon, password = userinfo.partition(":")
    return StoreUrl(
        scheme=scheme,
        username=(_decoded(username, what) or None) if at else None,
        password=Secret(_decoded(password, what)) if colon else None,
        hosts=tuple(_host(host, what) for host in hosts.split(",")) if hosts else (),
        path=slash + _decoded(path, what),
        options=_options(query, options, what),
    )


def file_path(url: str, *, what: str = "store") -> str:
    """Return the absolute path of a `sqlite:///PATH` URL, or `:memory:`.

    A relative path starts at the present working directory, also if that changes later.

    Raises:
        ConfigurationError: The URL names no file, or has more than a path.
    """
    check_url(url, what=what)
    rest = url.partition("://")[2]
    for mark, name, code in (("#", "a '#'", "%23"), ("?", "an option, but a SQLite store takes none; a '?'", "%3F")):
        if mark in rest:
            raise _refused(what, f"holds {name} in a file's name is written as {code}")
    if not rest.startswith("/") or rest == "/":
        raise _refused(what, "is sqlite:///relative.db, sqlite:////absolute/path.db or sqlite:///:memory:")
    _check_percent(rest, what)
    return absolute(os.fsdecode(unquote_to_bytes(rest[1:])))


def check_memory_url(url: str) -> None:
    """Refuse a `memory://` URL with further parts.

    Raises:
        ConfigurationError: It has further parts.
    """
    # A subclass of another package has a scheme of its own, and reads the rest of the URL itself.
    if check_url(url) == "memory" and url.partition("://")[2]:
        raise _refused("store", "must be memory:// without more: each store in memory is separate")


def absolute(path: str | os.PathLike[str]) -> str:
    """Return *path* as an absolute one; `:memory:` stays unchanged.

    Raises:
        ConfigurationError: It is empty, or holds a control character.
    """
    text = os.fsdecode(path)
    if text == MEMORY:
        return text
    if not text:
        raise ConfigurationError("The path of a SQLite store is empty; give a file's, or :memory:.")
    if any(unicodedata.category(each) == "Cc" for each in text):
        raise ConfigurationError(
            "The path of a SQLite store holds a line break or another control character; remove it."
        )
    return os.path.abspath(text)  # noqa: PTH100 - pathlib would resolve links


def _host(text: str, what: str) -> tuple[str, int | None]:
    match = _HOST.fullmatch(text)
    if match is None:
        raise _refused(what, f"has no valid host; {_IN_PASSWORDS}")
    name, port = match["address"] or _decoded(match["name"], what), match["port"]
    if port is None:
        return name, None
    # The text there may be a part of the password, so it is not shown.
    if not (port.isascii() and port.isdecimal()) or not 0 < int(port[:6]) <= _HIGHEST_PORT:
        raise _refused(
            what,
            f"has a port that is not a number from 1 to {_HIGHEST_PORT}; {_IN_PASSWORDS}",
        )
    return name, int(port)


def _options(query: str, known: Collection[str], what: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in query.split("&") if query else ():
        name, equals, value = pair.partition("=")
        if name not in known:
            from difflib import get_close_matches

            near = get_close_matches(name, known, n=1)
            hint = f", perhaps {near[0]}" if near else ""
            names = ", ".join(sorted(known)) or "none"
            # After an unescaped question mark in a password, its rest looks like an option, so it is not shown.
            raise _refused(what, f"has an unknown option{hint}. Known: {names}")
        if not equals or name in found:
            raise _refused(what, f"gives the option {name} {'twice' if equals else 'no value'}")
        found[name] = _decoded(value, what)
    return found


def _decoded(text: str, what: str) -> str:
    _check_percent(text, what)
    try:
        decoded = unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise _refused(what, "holds percent-encoded bytes that are not UTF-8") from None
    _check_characters(decoded, what)
    return decoded


def _check_percent(text: str, what: str) -> None:
    if _BAD_PERCENT.search(text):
        raise _refused(what, "holds a % without two hex digits after it; write it as %25")


def _check_characters(text: str, what: str) -> None:
    for each in text:
        category = unicodedata.category(each)
        if category == "Cc":
            raise _refused(what, "holds a line break, a null or another control character; remove it")
        if category == "Cs":
            raise _refused(what, "holds half of a surrogate pair, which is not a character; write it again")


def _refused(what: str, why: str) -> ConfigurationError:
    return ConfigurationError(f"The {what}'s URL {why}. {_FORMS}.")
