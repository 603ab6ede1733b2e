"""Redirect URIs: whether TikTok would take them.

Source: https://developers.tiktok.com/doc/login-kit-web
"""

from collections.abc import Iterable, Iterator

from tiktok_async.api.oauth.rules.redirect import redirect_uri_problems
from tiktok_async.cli.checks.finding import Finding, Level

_SUBJECT = "redirect URI"
_MOST = 10


def check_redirects(uris: Iterable[str]) -> Iterator[Finding]:
    """Yield each rule of TikTok's that one of *uris* breaks, that they are too many, and the *uris* that break none."""
    different = list(dict.fromkeys(uris))
    if len(different) > _MOST:
        what = f"There are {len(different)}, and an app can register {_MOST} at most."
        yield Finding(_SUBJECT, Level.DANGEROUS, what, "Send what differs in `state`, and share one redirect URI.")
    for uri in different:
        problems = redirect_uri_problems(uri)
        for problem in problems:
            yield Finding(_SUBJECT, Level.DANGEROUS, f"{uri}: {problem}.", "TikTok would answer with an error page.")
        if not problems:
            advice = "It has to be registered in the developer portal byte for byte, which only a login shows."
            yield Finding(_SUBJECT, Level.OK, f"{uri} keeps TikTok's rules.", advice)
