"""Checking the address for a video's bytes. An `upload_url` comes from the network, so only allowed hosts are used.

Source: https://developers.tiktok.com/doc/content-posting-api-reference-direct-post
"""

import re
from collections.abc import Sequence

from yarl import URL

from tiktok_async.errors import UploadRejected

__all__ = ["check_upload_url", "is_loopback"]

# TikTok documents 256 as the longest; real ones have been close to it.
_MAX_LENGTH = 2048

# A regular expression, not a parser, so that no two parsers can disagree about the host. It allows no user name, no
# backslash, no encoded host, no fragment and only printable ASCII.
_SHAPE = re.compile(r"(https?)://([A-Za-z0-9.-]{1,253}|\[::1\])(?::([1-9]\d{0,4}))?([/?][!\"$-\[\]-~]*)?")
_LOOPBACK = re.compile(r"localhost|127(?:\.(?:0|[1-9]\d{0,2})){3}|\[::1\]")
# The last label of a name is never a number; some resolvers read `2130706433`, `0x7f.1` and `127.1` as addresses.
_ADDRESS = re.compile(r"(?:.*\.)?(?:\d+|0x[0-9a-f]*)|\[.*\]")
_LABELS = re.compile(r"(?!-)[a-z0-9-]+(?<!-)(?:\.(?!-)[a-z0-9-]+(?<!-))*")
_HTTPS = 443


def is_loopback(host: str) -> bool:
    """Return whether *host* is this machine."""
    return _LOOPBACK.fullmatch(host) is not None


def check_upload_url(address: str, *, hosts: Sequence[str], base_url: URL, publish_id: str | None = None) -> URL:
    """Return *address* as a URL if bytes may be sent to it.

    Args:
        address: The address from TikTok's init or from a saved state.
        hosts: The allowed host names; `*.example.com` allows every name below `example.com`.
        base_url: The address of the API; its host is allowed too.
        publish_id: For the error.

    Returns:
        The same address.

    Raises:
        UploadRejected: It is not https (except to this machine), or has a user name, an IP address, an unusual port or
            a host that is not allowed. The message does not repeat the address.
    """
    problem = _problem(address, hosts, base_url)
    if problem is not None:
        raise UploadRejected(
            f"No byte was sent: {problem}. If the address is right, allow its host with `upload_hosts`.",
            publish_id=publish_id,
        )
    return URL(address, encoded=True)


def _problem(address: str, hosts: Sequence[str], base_url: URL) -> str | None:
    shape = _SHAPE.fullmatch(address) if len(address) <= _MAX_LENGTH else None
    if shape is None:
        return "the upload address is not a plain https URL"
    scheme, host, port = shape[1], shape[2].lower(), shape[3]
    local = is_loopback(host)
    own = (base_url.raw_host or "").lower() == host.strip("[]")
    ports = {_HTTPS, base_url.port} if own else {_HTTPS}
    if not local and (_ADDRESS.fullmatch(host) or not _LABELS.fullmatch(host)):
        return "the upload address does not have a domain name"
    if not own and not any(_matches(pattern.lower(), host) for pattern in hosts):
        return f"the upload address leads to {host}, which is not an allowed host"
    if not local and (scheme != "https" or int(port or _HTTPS) not in ports):
        return f"the upload address of {host} is not https on the usual port"
    return None


def _matches(pattern: str, host: str) -> bool:
    if pattern.startswith("*."):
        suffix = pattern[1:]
        return len(suffix) > 1 and host.endswith(suffix) and len(host) > len(suffix)
    return pattern == host
