"""TikTok's rules for redirect URIs.

Sources:
    https://developers.tiktok.com/doc/login-kit-web
    https://developers.tiktok.com/doc/login-kit-desktop
"""

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from tiktok_async.errors import ConfigurationError

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1"})
_TOO_LONG = 512
_LAST_PORT = 65_535
# The characters allowed in a URI; any other must be percent-encoded.
_FOREIGN = re.compile(r"[^A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]")
_PORT = re.compile(r"[0-9]{1,5}")
_HOSTNAME = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+")


def is_loopback(redirect_uri: str) -> bool:
    """Return whether TikTok's rules for desktop apps apply to *redirect_uri*, instead of those for the web."""
    try:
        return urlsplit(redirect_uri).hostname in LOOPBACK_HOSTS
    except ValueError:
        return False


def check_redirect_uri(redirect_uri: str) -> None:
    """Refuse a redirect URI for which TikTok would show an error page.

    Raises:
        ConfigurationError: It breaks a rule; the message and `.problems` name every broken one.
    """
    problems = redirect_uri_problems(redirect_uri)
    if problems:
        raise ConfigurationError(
            "TikTok would refuse this redirect URI: " + "; ".join(problems) + ". It must also be registered for the "
            "app in the developer portal, byte for byte.",
            problems=problems,
        )


def redirect_uri_problems(redirect_uri: str) -> list[str]:
    """Return a message for every rule that *redirect_uri* breaks; the list is empty for a valid one."""
    problems: list[str] = []
    if len(redirect_uri) >= _TOO_LONG:
        problems.append(f"it has {len(redirect_uri)} characters, and must stay under {_TOO_LONG}")
    if _FOREIGN.search(redirect_uri):
        problems.append("it holds characters that must be percent-encoded")
    if "#" in redirect_uri:
        problems.append("it has a fragment (#...)")
    if "?" in redirect_uri:
        problems.append("it has a query (?...); carry your own data in `state`")
    try:
        parts = urlsplit(redirect_uri)
        host = parts.hostname
    except ValueError:
        return [*problems, "it is not a URI"]
    if not parts.scheme or not host:
        return [*problems, "it is not absolute, such as https://app.example.com/callback/"]
    if parts.username is not None:
        problems.append("it holds a user name or a password")
    if host in LOOPBACK_HOSTS:
        return [*problems, *_desktop_problems(parts)]
    return [*problems, *_web_problems(parts, host)]


def _desktop_problems(parts: SplitResult) -> list[str]:
    problems: list[str] = []
    if parts.scheme not in {"http", "https"}:
        problems.append(f"its scheme is {parts.scheme[:20]}, and must be http or https")
    port = _port(parts)
    if port == "":
        problems.append("it has no port, which a redirect to this machine needs")
    return [*problems, *_port_problems(port)]


def _web_problems(parts: SplitResult, host: str) -> list[str]:
    problems: list[str] = []
    if parts.scheme != "https":
        problems.append(f"its scheme is {parts.scheme[:20]}, and must be https (http is for localhost and 127.0.0.1)")
    if not _is_public(host):
        problems.append("its host is not public (on this machine, only localhost and 127.0.0.1 are allowed)")
    return [*problems, *_port_problems(_port(parts))]


def _port(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2].rpartition("]")[2].partition(":")[2]


def _port_problems(port: str) -> list[str]:
    if port == "*":
        return ["its port is *, which is only for the registration in the portal; a login needs a real one"]
    if port and not (_PORT.fullmatch(port) and 0 < int(port) <= _LAST_PORT):
        return ["its port is not a number from 1 to 65535"]
    return []


def _is_public(host: str) -> bool:
    try:
        return ip_address(host).is_global
    except ValueError:
        return _HOSTNAME.fullmatch(host) is not None and not host.endswith((".localhost", ".local"))
