"""The authorize page: its rules, and the URLs it redirects the browser to.

Sources: https://developers.tiktok.com/doc/login-kit-web and https://developers.tiktok.com/doc/login-kit-desktop
"""

import ipaddress
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode, urlsplit

from attrs import frozen

from tiktok_async.emulator.engine.state import State

_LONGEST_URI = 512
_CHALLENGES: Final = {
    "hex": (re.compile(r"[0-9a-f]{64}"), "64 lowercase hex digits"),
    "base64url": (re.compile(r"[A-Za-z0-9_-]{43}"), "base64url without padding"),
}
_LOOPBACK = ("localhost", "127.0.0.1")


@frozen(slots=True, kw_only=True)
class Authorization:
    """A valid authorization request of an app."""

    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None
    challenge: str | None
    always_ask: bool

    def granted(self, code: str, scopes: frozenset[str]) -> str:
        """Return the URL of the redirect after *Allow*."""
        granted = ",".join(scope for scope in self.scopes if scope in scopes)
        return self._back({"code": code, "scopes": granted})

    def denied(self, error: str, description: str, *, kind: str | None = None) -> str:
        """Return the URL of the redirect after *Deny*, or if the user may not log in at all."""
        return self._back({"error": error, "error_description": description, **({"error_type": kind} if kind else {})})

    def _back(self, params: dict[str, str]) -> str:
        if self.state is not None:
            params["state"] = self.state
        return f"{self.redirect_uri}?{urlencode(params)}"


def check(state: State, params: Mapping[str, str]) -> Authorization | list[tuple[str, str]]:
    """Return the authorization request, or each bad parameter with an error message.

    TikTok shows bad parameters on an error page and does not redirect.
    """
    problems: list[tuple[str, str]] = []
    if params.get("client_key") != state.client_key:
        problems.append(("client_key", "is not the key of an app that this emulator knows"))
    if params.get("response_type") != "code":
        problems.append(("response_type", "must be code"))
    if "client_secret" in params:
        problems.append(("client_secret", "does not belong here: a browser's address bar is public"))
    scopes = tuple(dict.fromkeys(params.get("scope", "").split(",")))
    problems += [("scope", problem) for problem in _scope_problems(state, scopes)]
    redirect_uri = params.get("redirect_uri", "")
    problems += [("redirect_uri", problem) for problem in _uri_problems(state, redirect_uri)]
    problems += _challenge_problems(state, params, loopback=urlsplit_host(redirect_uri) in _LOOPBACK)
    if params.get("disable_auto_auth", "0") not in ("0", "1"):
        problems.append(("disable_auto_auth", "must be 0 or 1"))
    if problems:
        return problems
    return Authorization(
        redirect_uri=redirect_uri,
        scopes=scopes,
        state=params.get("state"),
        challenge=params.get("code_challenge"),
        always_ask=params.get("disable_auto_auth") != "0",
    )


def is_challenge(text: str, form: str) -> bool:
    """Return whether *text* is a code challenge of this form: `hex` or `base64url`."""
    return _CHALLENGES[form][0].fullmatch(text) is not None


def urlsplit_host(uri: str) -> str | None:
    """Return the host of a URI, or `None` if it has none."""
    try:
        return urlsplit(uri).hostname
    except ValueError:
        return None


def _scope_problems(state: State, scopes: tuple[str, ...]) -> list[str]:
    if any(" " in scope for scope in scopes):
        return ["must be separated by commas, not by spaces"]
    if not all(scopes):
        return ["is missing, or has an empty entry"]
    unknown = [] if state.app_scopes is None else sorted(set(scopes) - state.app_scopes)
    return [f"is not approved for this app: {', '.join(unknown)}"] if unknown else []


def _challenge_problems(state: State, params: Mapping[str, str], *, loopback: bool) -> list[tuple[str, str]]:
    challenge, method = params.get("code_challenge"), params.get("code_challenge_method")
    if challenge is None:
        if loopback and state.quirks.loopback_needs_pkce:
            return [("code_challenge", "is required for a redirect URI on localhost")]
        return [("code_challenge", "is missing, but code_challenge_method is given")] if method is not None else []
    problems: list[tuple[str, str]] = []
    # TikTok's own form is hex; RFC 7636 has base64url. TikTok's page for web apps has no challenge at all.
    form = state.quirks.challenge_form
    judged = loopback or state.quirks.web_challenge == "refused"
    if judged and not is_challenge(challenge, form):
        problems.append(("code_challenge", f"must be the SHA-256 of the verifier as {_CHALLENGES[form][1]}"))
    if method != "S256":
        problems.append(("code_challenge_method", "must be S256"))
    return problems


def _uri_problems(state: State, uri: str) -> list[str]:
    if not uri:
        return ["is missing"]
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ["is not a URL"]
    on_loopback = host in _LOOPBACK
    rules = (
        (len(uri) < _LONGEST_URI, f"must be shorter than {_LONGEST_URI} characters"),
        ("?" not in uri, "must not have query parameters"),
        ("#" not in uri, "must not have a fragment"),
        (bool(host), "must be absolute"),
        (parts.scheme == "https" or on_loopback, "must begin with https://"),
        (parts.scheme in ("http", "https") or not on_loopback, "must begin with http:// or https://"),
        (port is not None or not on_loopback, f"needs a port on {host}"),
        (on_loopback or _is_public(host), "must be on a public host, or on localhost for a desktop app"),
    )
    problems = [text for kept, text in rules if not kept]
    if not problems and state.redirect_uris is not None and not any(_same(uri, one) for one in state.redirect_uris):
        problems.append("is not exactly one of the redirect URIs registered for this app")
    return problems


def _is_public(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return not host.endswith(".localhost")
    return address.is_global


def _same(uri: str, registered: str) -> bool:
    """Return whether *uri* is the registered one, which may have `*` as the port on loopback."""
    if uri == registered:
        return True
    before, star, after = registered.partition(":*")
    return bool(star) and re.fullmatch(re.escape(before) + r":[0-9]{1,5}" + re.escape(after), uri) is not None
