"""URLs that TikTok should fetch media from: whether it could.

Source: https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
"""

import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

import aiohttp

from tiktok_async.api.posting.rules.chunks import MAX_SIZE
from tiktok_async.cli.checks.finding import Finding, Level
from tiktok_async.media.rules.report import LARGEST_PHOTO
from tiktok_async.models._posting import url_problem

_SUBJECT = "pull URL"
_TIMEOUT = aiohttp.ClientTimeout(total=30)
_RANGE = {"Range": "bytes=0-1023"}
_TOTAL = re.compile(r"bytes \d+-\d+/(\d+)")
_MOST = {"video": MAX_SIZE, "image": LARGEST_PHOTO}
_TYPES = ("video/mp4", "video/quicktime", "video/webm", "image/jpeg", "image/webp")
_HOUR = "TikTok fetches for up to an hour, and the file must be available until then."


async def check_pull_urls(urls: Iterable[str]) -> AsyncIterator[Finding]:
    """Yield what prevents TikTok from fetching each of *urls*, or an `ok` finding."""
    async with aiohttp.ClientSession(timeout=_TIMEOUT, cookie_jar=aiohttp.DummyCookieJar()) as http:
        for url in urls:
            name, scheme = _shown(url)
            problem = url_problem(url)
            if problem is not None:
                yield Finding(_SUBJECT, Level.DANGEROUS, f"{name}: it {problem}.", "TikTok would not fetch it.")
            if scheme not in {"http", "https"}:
                continue
            try:
                async with http.get(url, headers=_RANGE, allow_redirects=False) as response:
                    findings = list(judged(response.status, response.headers))
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                what = f"{name} does not answer ({type(error).__name__})."
                yield Finding(_SUBJECT, Level.DANGEROUS, what, _HOUR)
                continue
            for level, what, advice in findings:
                if level is not Level.OK or problem is None:
                    yield Finding(_SUBJECT, level, f"{name} {what}.", advice)


def judged(status: int, headers: Mapping[str, str]) -> Iterator[tuple[Level, str, str]]:
    """Yield the findings about the response to a GET with a range: a level, what was found, advice."""
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        yield Level.DANGEROUS, f"redirects ({status})", "TikTok follows no redirect: use the final URL."
        return
    if status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
        yield Level.DANGEROUS, f"answers {status}", f"It must be readable without a login. {_HOUR}"
        return
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    found = list(_of_media(kind, _size(status, headers)))
    if status != HTTPStatus.PARTIAL_CONTENT:
        advice = "Let the server support the Range header: then an interrupted fetch can continue."
        found.append((Level.DOUBTFUL, "supports no ranges", advice))
    if not found:
        advice = "Only the developer portal shows whether its domain or prefix is verified."
        found.append((Level.OK, f"answers with {kind}, without a redirect, and supports ranges", advice))
    yield from found


def _of_media(kind: str, size: int | None) -> Iterator[tuple[Level, str, str]]:
    if kind not in _TYPES:
        what = f"has the Content-Type {kind[:60]!r}" if kind else "has no Content-Type"
        yield Level.DOUBTFUL, what, f"TikTok takes {', '.join(_TYPES)}."
    most = _MOST.get(kind.partition("/")[0])
    if size is not None and most is not None and size > most:
        yield Level.DANGEROUS, f"has {size:,} bytes", f"TikTok takes {most:,} at most."


def _size(status: int, headers: Mapping[str, str]) -> int | None:
    if status == HTTPStatus.PARTIAL_CONTENT:
        found = _TOTAL.fullmatch(headers.get("Content-Range", ""))
        return None if found is None else int(found[1])
    length = headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else None


def _shown(url: str) -> tuple[str, str]:
    """Return *url* without its parts that may be secret (query and user), and its scheme."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "The pull URL", ""
    return f"{parts.hostname}{parts.path}", parts.scheme
