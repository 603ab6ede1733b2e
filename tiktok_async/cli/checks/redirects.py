"""Redirect URIs: whether TikTok would accept them.

Source: https://developers.tiktok.com/doc/login-kit-web
"""

from collections.abc import Iterable, Iterator

from tiktok_async.api.oauth.rules.redirect import redirect_uri_problems
from tiktok_async.cli.checks.finding import Finding, Level

_SUBJECT = "redirect URI"
_MOST = 10


def check_redirects(uris: Iterable[str]) -> Iterator[Finding]:
    """Yield each rule of TikTok that one of *uris* breaks, whether there are too many, and the valid *uris*."""
    different = list(dict.fromkeys(uris))
    if len(different) > _MOST:
        what = f"There are {len(different)}, and an app can register {_MOST} at most."
        yield Finding(_SUBJECT, Level.DANGEROUS, what, "Share one redirect URI, and send the differences in `state`.")
    for uri in different:
        problems = redirect_uri_problems(uri)
        for problem in problems:
            yield Finding(_SUBJECT, Level.DANGEROUS, f"{uri}: {problem}.", "TikTok would answer with an error page.")
        if not problems:
            advice = "It must be registered in the developer portal, byte for byte. Only a login shows whether it is."
            yield Finding(_SUBJECT, Level.OK, f"{uri} follows TikTok's rules.", advice)
