"""Checks of the settings that a session uses in every call: the app's keys and the two addresses."""

import re
from urllib.parse import urlsplit

from tiktok_async.errors import ConfigurationError, printable
from tiktok_async.models import Secret

__all__ = ["check_address", "check_key", "check_secret"]

_PRINTABLE = re.compile(r"[\x21-\x7e]+")
# A space inside may be right; one at an end comes from a file or a form.
_KEY = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")
_VERSION = re.compile(r"/v[0-9]+(/.*)?")
_SHOWN = 120


def check_key(name: str, value: str) -> None:
    """Refuse a value that cannot be an app's key.

    Raises:
        ConfigurationError: It holds a line break, a space at an end or a character that is not ASCII.
    """
    if not _KEY.fullmatch(value):
        raise ConfigurationError(f"{name} holds {_what(value)}. Copy it again from the app's page, without it.")


def check_secret(name: str, secret: Secret) -> None:
    """Refuse a value that cannot be an app's secret, without showing it.

    Raises:
        ConfigurationError: It holds a line break, a space at an end or a character that is not ASCII.
    """
    check_key(name, secret.reveal())


def _what(value: str) -> str:
    if "\n" in value or "\r" in value:
        return "a line break, as a file or a shell command leaves at the end"
    if value != value.strip():
        return "a space at an end"
    return "a character that is not printable ASCII"


def check_address(name: str, address: object, *, example: str, api: bool = False) -> None:
    """Refuse an address with which every call would fail.

    Args:
        name: The argument.
        address: Its value.
        example: A valid address, for the message.
        api: Whether the API's paths are appended to it.

    Raises:
        ConfigurationError: It has no scheme or host, or holds a part that the calls add; the message shows the
            right form.
    """
    shown = printable(str(address))[:_SHOWN]
    if not isinstance(address, str) or not _PRINTABLE.fullmatch(address):
        raise ConfigurationError(f"{name} must be an address such as {example}, without spaces, not {shown!r}.")
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ConfigurationError(f"{name} is no address: {shown!r}. Give one such as {example}.") from None
    if parts.scheme not in ("http", "https") or not host:
        # URLs' grammar reads the `localhost` of `localhost:8080` as a scheme.
        right = example if "/" in address.partition(":")[2][:2] or not address else f"https://{address}"
        raise ConfigurationError(f"{name} needs https:// and a host: give {printable(right)[:_SHOWN]}, not {shown!r}.")
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(f"{name} must not hold a user name or a password; give one such as {example}.")
    if api and _VERSION.fullmatch(parts.path):
        right = f"{parts.scheme}://{parts.netloc}"
        raise ConfigurationError(f"{name} ends before the path: give {right}, not {shown!r}; the calls add /v2/.")
    if api and (parts.query or parts.fragment):
        right = address.partition("?")[0].partition("#")[0]
        raise ConfigurationError(f"{name} must not have a query or a fragment: give {right}, not {shown!r}.")
