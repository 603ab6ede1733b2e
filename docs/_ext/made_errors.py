"""A page for each error: what it is, why it happens, what to do, how to catch it, and its message."""

import inspect
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import tiktok_async
from tiktok_async import errors
from tiktok_async.errors import TikTokError
from tiktok_async.models import AccountKey, Secret, Token
from tiktok_async.models._posting import FAIL_RULES

CURES = Path(__file__).parents[1] / "errors" / "cures.toml"

_INTRO = """
A failure of TikTok, the network, a store or an argument raises a `TikTokError`. Its message says what happened, which
account is concerned, and what to do. It ends with TikTok's `log_id` if there is one. No error holds a token or a
secret, and all of them can be pickled. An impossible value, such as a datetime without a zone, may raise `ValueError`.
""".lstrip()

_AGAIN = {True: "Worth repeating later.", False: "Not worth repeating."}
_SAME = {True: "The same media may succeed later.", False: "The same media would fail again."}
_FIXER = {
    "user": "The user can fix it.",
    "developer": "The developer can fix it.",
    "tiktok": "TikTok has to fix it.",
}


def cures() -> Mapping[str, Mapping[str, str]]:
    """Return cause and cure of each error, by its name."""
    return tomllib.loads(CURES.read_text(encoding="utf-8"))


def error_classes() -> list[type[TikTokError]]:
    """Return every error, in the tree's order."""
    found = [getattr(errors, name) for name in errors.__all__]
    classes = [one for one in found if inspect.isclass(one) and issubclass(one, TikTokError)]
    return sorted(classes, key=lambda one: [base.__name__ for base in reversed(one.mro())])


SAMPLES: Mapping[str, TikTokError] = {
    "ConfigurationError": errors.ConfigurationError(
        "The video cannot be posted: title is 2300 UTF-16 units long, at most 2200 are allowed.",
        problems=["title is 2300 UTF-16 units long, at most 2200 are allowed"],
    ),
    "SessionClosed": errors.SessionClosed("account.token"),
    "WrongEventLoop": errors.WrongEventLoop(),
    "TransportError": errors.TransportError("the connection was reset", sent=True, endpoint="/v2/video/list/"),
    "ReauthorizationRequired": errors.ReauthorizationRequired("_000abc", "revoked"),
    "ReportRefused": errors.ReportRefused("answers[3].facts.code"),
    "StateMismatch": errors.StateMismatch(),
    "AccountNotFound": errors.AccountNotFound("_000abc", "awexample"),
    "ScopeNotGranted": errors.ScopeNotGranted({"video.list"}, open_id="_000abc", what="/v2/video/list/"),
    "RateLimitWaitExceeded": errors.RateLimitWaitExceeded(
        timedelta(seconds=41.5), endpoint="/v2/post/publish/video/init/", open_id="_000abc"
    ),
    "PublishFailed": errors.PublishFailed(
        "frame_rate_check_failed",
        publish_id="v_pub_file~v2-1.123",
        advice="Convert the video to 23 to 60 frames a second.",
    ),
    "PublishPending": errors.PublishPending(
        "v_pub_file~v2-1.123", state="PROCESSING_UPLOAD", waited=timedelta(minutes=30)
    ),
    "ArchiveUnavailable": errors.ArchiveUnavailable("123", state="pending", open_id="_000abc"),
    "OutcomeUnknown": errors.OutcomeUnknown(
        "TikTok may have accepted a post and its answer was lost (TransportError)", open_id="_000abc"
    ),
    "TokenConflict": errors.TokenConflict("_000abc", expected_version=3, actual_version=4),
    "CheckpointConflict": errors.CheckpointConflict("_000abc", expected_version=3, actual_version=4),
    "TokenNotSaved": errors.TokenNotSaved(
        Token(
            key=AccountKey("awexample", "_000abc"),
            access_token=Secret("x"),
            refresh_token=Secret("y"),
            scopes=frozenset(),
            expires_at=datetime(2026, 1, 1, tzinfo=UTC),
            refresh_expires_at=datetime(2026, 1, 1, tzinfo=UTC),
            updated_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
    ),
    "LeaseUnavailable": errors.LeaseUnavailable("_000abc", waited=timedelta(seconds=90)),
    "DecryptionError": errors.DecryptionError(
        "_000abc", reason="its key is not among those given; add the key it was stored with"
    ),
}


def _sample(cls: type[TikTokError]) -> TikTokError | None:
    """Return one as it would be raised, made and not typed, so that its words are the real ones."""
    if cls.__name__ in SAMPLES:
        return SAMPLES[cls.__name__]
    for code, rule in errors.API_ERRORS.items():
        if rule.error == cls.__name__:
            return errors.api_error(
                code, log_id="2026010112000000000000", status=_STATUS.get(code, 400), open_id="_000abc"
            )
    for code, rule in errors.OAUTH_ERRORS.items():
        if rule.error == cls.__name__:
            return errors.oauth_error(code)
    return None


_STATUS = {
    "access_token_invalid": 401,
    "scope_not_authorized": 401,
    "rate_limit_exceeded": 429,
    "internal_error": 500,
    "daily_quota_limit_exceeded": 429,
    "spam_risk_too_many_posts": 403,
    "app_version_check_failed": 400,
}


def error_pages() -> Iterator[tuple[str, str]]:
    """Yield each error's page."""
    known = cures()
    for cls in error_classes():
        yield cls.__name__, _error_page(cls, known[cls.__name__])


def _error_page(cls: type[TikTokError], cure: Mapping[str, str]) -> str:
    name = cls.__name__
    parents = [base.__name__ for base in cls.mro()[1:] if issubclass(base, TikTokError)]
    summary = inspect.cleandoc(cls.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
    parts = [f"# {name}\n", f"{summary}\n"]
    if parents:
        parts.append("It is caught as " + " or ".join(f"[{parent}]({parent}.md)" for parent in parents) + ", too.\n")
    parts += ["## Cause\n", f"{cure['cause']}\n", "## What to do\n", f"{cure['cure']}\n", _caught(cls)]
    codes = [
        _defined(code, rule.advice, f"{_FIXER[rule.fixer]} " + _AGAIN[rule.retryable])
        for table in (errors.API_ERRORS, errors.OAUTH_ERRORS)
        for code, rule in table.items()
        if rule.error == name
    ]
    if codes:
        parts += ["## TikTok's codes for it\n", *codes]
    if cls is errors.PublishFailed:
        parts.append("## TikTok's reasons\n")
        parts += [_defined(reason, rule.advice, _SAME[rule.retryable]) for reason, rule in FAIL_RULES.items()]
    sample = _sample(cls)
    if sample is not None:
        parts += ["## Its message\n", f"```text\n{name}: {sample}\n```\n"]
    parts.append(f"Its attributes: {{py:obj}}`tiktok_async.{name}`.\n")
    return "\n".join(parts)


def _caught(cls: type[TikTokError]) -> str:
    """Return the `except` for an error, with what it carries beside its message."""
    name = cls.__name__
    sample = _sample(cls)
    carried = [f"error.{field}" for field, value in vars(sample).items() if field[0] != "_" and value] if sample else []
    module = "tiktok_async" if name in tiktok_async.__all__ else "tiktok_async.errors"
    lines = [
        "```python",
        f"from {module} import {name}",
        "",
        "try:",
        "    ...  # the call",
        f"except {name} as error:",
        f"    print({', '.join(['error', *carried[:3]])})",
        "```",
    ]
    return "\n".join(lines) + "\n"


def _defined(code: str, advice: str, more: str) -> str:
    return f"`{code}`\n: {advice} {more}\n"


def error_index() -> str:
    """Return the tree of errors."""
    parts = [
        "# Errors\n",
        _INTRO,
    ]
    for cls in error_classes():
        depth = len([base for base in cls.mro() if issubclass(base, TikTokError)]) - 1
        summary = inspect.cleandoc(cls.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
        parts.append(f"{'  ' * depth}- [{cls.__name__}]({cls.__name__}.md): {summary}")
    parts += ["", "```{toctree}\n:hidden:\n"]
    parts += [cls.__name__ for cls in error_classes()]
    parts.append("```\n")
    return "\n".join(parts)
