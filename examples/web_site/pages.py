"""The pages, as plain HTML; all external text is escaped."""

from collections.abc import Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

from tiktok_async import User, Video

HERE = Path(__file__).parent
STYLE = (HERE / "style.css").read_text(encoding="utf-8")
SCRIPT = (HERE / "site.js").read_text(encoding="utf-8")
POST_SCRIPT = (HERE / "post.js").read_text(encoding="utf-8")

_ERRORS = {
    "denied": "You did not allow it, so nothing is connected.",
    "expired": "That login had expired, or was begun in another tab. Please try again.",
    "failed": "TikTok did not let us finish the login. Please try again in a moment.",
}


def landing(error: str | None) -> str:
    """Return the page for a visitor who is not logged in."""
    return page(
        "Connect your TikTok",
        f"""{_alert(error)}<section class="hero"><h1>Your TikTok, on one page</h1>
<p>Connect your account to see your profile and your newest videos. You can disconnect at any time.</p>
<a class="button" id="login" href="/tiktok/login">Continue with TikTok</a></section>""",
    )


def home(user: User, videos: Sequence[Video] | None, event_list: str, error: str | None) -> str:
    """Return the page for a creator: their profile, a grid of their videos, and the events received."""
    return page(
        user.display_name or "Home",
        f"""{_alert(error)}<section class="profile">{face(user.display_name, user.avatar_url)}
<div class="who"><h1 id="name">{_verified(user)}</h1>
{_handle(user)}{_bio(user)}</div>
<div class="actions"><a class="button" id="post-video" href="/post">Post a video</a>
<form method="post" action="/logout"><button>Log out</button></form>
<details class="ask"><summary class="danger" id="disconnect">Disconnect</summary>
<form method="post" action="/disconnect"><p>Your profile and videos will no longer be shown
here. You can connect again.</p>
<button class="danger" id="really-disconnect">Disconnect now</button></form></details></div>
{_counts(user)}</section>
<section><h2>Newest videos</h2>{_grid(videos)}</section>
<section><h2>Events</h2><p class="soft">TikTok's webhooks for you appear here as they arrive.</p>
<ul class="events" id="events" aria-live="polite">{event_list}</ul></section>""",
        "site.js",
    )


def disconnected() -> str:
    """Return the page for a visitor whose grant was ended at TikTok or has expired."""
    return page(
        "Disconnected",
        """<section class="hero"><h1 id="disconnected">TikTok is disconnected</h1>
<p>The access was removed in TikTok, or it has expired. Connect again to see your videos.</p>
<a class="button" id="login" href="/tiktok/login">Connect again</a>
<form method="post" action="/logout"><button class="plain">Log out</button></form></section>""",
    )


def trouble(reference: str | None) -> str:
    """Return the page for an error of TikTok; *reference* is TikTok's id of the call."""
    told = f'<p class="soft">Reference: {escape(reference)}</p>' if reference else ""
    return page(
        "One moment",
        f"""<section class="hero"><h1>Your TikTok could not be loaded</h1><p>Please try again in a moment.</p>
{told}<a class="button" href="/">Try again</a></section>""",
    )


def events(told: Sequence[tuple[datetime, str, str, str]]) -> str:
    """Return the events as list items: when, TikTok's name, what happened and the details."""
    if not told:
        return '<li class="none">None yet.</li>'
    return "".join(
        f"<li><strong>{escape(what)}</strong> <span>{escape(words)}</span><code>{escape(name)}</code>"
        f'<time datetime="{at.isoformat()}">{at:%Y-%m-%d %H:%M:%S} UTC</time></li>'
        for at, name, what, words in told
    )


def _alert(error: str | None) -> str:
    words = _ERRORS.get(error or "")
    return f'<p class="alert" id="alert" role="alert">{words}</p>' if words else ""


def face(name: str | None, avatar_url: str | None) -> str:
    """Return a creator's picture, and a letter that is shown if there is no picture."""
    letter = escape((name or "?")[:1].upper())
    picture = _image(avatar_url)
    return f'<div class="face" aria-hidden="true"><span>{letter}</span>{picture}</div>'


def _image(url: str | None) -> str:
    # A mini game's client may have sent any text as URL.
    good = url is not None and urlsplit(url).scheme in ("https", "http")
    return f'<img src="{escape(url)}" alt="" loading="lazy" referrerpolicy="no-referrer">' if url and good else ""


def _verified(user: User) -> str:
    mark = '&nbsp;<span class="mark" title="Verified">&#10003;</span>' if user.is_verified else ""
    return escape(user.display_name or "") + mark


def _handle(user: User) -> str:
    return f'<p class="soft">@{escape(user.username)}</p>' if user.username else ""


def _bio(user: User) -> str:
    return f'<p class="bio">{escape(user.bio_description)}</p>' if user.bio_description else ""


def _counts(user: User) -> str:
    counts = (
        ("Followers", user.follower_count),
        ("Following", user.following_count),
        ("Likes", user.likes_count),
        ("Videos", user.video_count),
    )
    cells = "".join(f"<div><dd>{_short(n)}</dd><dt>{word}</dt></div>" for word, n in counts if n is not None)
    return f'<dl class="counts">{cells}</dl>' if cells else ""


def _grid(videos: Sequence[Video] | None) -> str:
    if videos is None:
        return """<div class="note" id="no-videos"><p>You did not share your videos with us.</p>
<a class="button small" href="/tiktok/login">Share them</a></div>"""
    if not videos:
        return '<div class="note"><p>There are no public videos yet.</p></div>'
    return f'<ul class="grid">{"".join(_video(video) for video in videos)}</ul>'


def _video(video: Video) -> str:
    title = escape(video.title or video.video_description or "Untitled")
    length = f'<span class="length">{_clock(int(video.duration.total_seconds()))}</span>' if video.duration else ""
    return f"""<li><a href="{escape(video.share_url or "")}" rel="noreferrer">
<div class="cover">{_image(video.cover_image_url)}{length}</div>
<strong>{title}</strong><span class="soft">{_short(video.view_count or 0)} views</span></a></li>"""


def _clock(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02}"


def _short(number: int) -> str:
    for size, letter in ((1_000_000_000, "B"), (1_000_000, "M"), (1_000, "K")):
        if number >= size:
            return f"{number / size:.1f}".removesuffix(".0") + letter
    return str(number)


def page(title: str, body: str, *scripts: str) -> str:
    """Return a whole page of the site."""
    tag = "".join(f'<script src="/{name}" defer></script>' for name in scripts)
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/style.css">{tag}</head>
<body><header><a href="/">Showreel</a></header><main>{body}</main></body></html>"""
