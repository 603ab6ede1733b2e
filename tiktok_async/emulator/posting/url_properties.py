"""The URLs that an app has verified, so that TikTok fetches media from them.

Source: https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
"""

import ipaddress
from urllib.parse import urlsplit

from attrs import define, field


@define
class UrlProperties:
    """The verified domains and URL prefixes of the app, as in the developer portal."""

    domains: set[str] = field(factory=set[str])
    prefixes: set[str] = field(factory=set[str])

    def add_domain(self, domain: str) -> None:
        """Verify a domain; this covers its subdomains and all paths, but not its parent domain."""
        self.domains.add(domain.lower().rstrip("."))

    def add_prefix(self, prefix: str) -> None:
        """Verify a URL prefix: `https://`, a domain, a path and a slash at its end.

        Raises:
            ValueError: It has another form.
        """
        parts = urlsplit(prefix)
        if parts.scheme != "https" or not prefix.endswith("/") or _is_address(parts.hostname or ""):
            raise ValueError(f"a URL prefix is https://domain/path/ with a slash at its end, not {prefix!r}")
        self.prefixes.add(prefix)

    def owns(self, url: str) -> bool:
        """Whether TikTok would fetch *url* for this app."""
        try:
            parts = urlsplit(url)
            host = (parts.hostname or "").lower()
            port = parts.port
        except ValueError:
            return False
        if parts.scheme != "https" or not host or parts.username is not None or _is_address(host):
            return False
        if any(url.startswith(prefix) for prefix in self.prefixes):
            return True
        return port in (None, 443) and any(host == name or host.endswith("." + name) for name in self.domains)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return True
