"""The tree of errors: its shape, its tables, and that nothing is lost or leaked on the way to a log or a queue."""

import copy
import pickle
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiktok_async import errors
from tiktok_async.errors import (
    API_ERRORS,
    OAUTH_ERRORS,
    ApiError,
    OAuthError,
    TikTokError,
    api_error,
    oauth_error,
    printable,
    scrub,
)
from tiktok_async.models import AccountKey, Secret, Token

CANARY = "CanaryTokenThatMustNeverShow0123456789"
NOW = datetime(2026, 11, 20, tzinfo=UTC)

TREE = {
    "TikTokError": "Exception",
    "ConfigurationError": "TikTokError",
    "SessionClosed": "TikTokError",
    "WrongEventLoop": "TikTokError",
    "TransportError": "TikTokError",
    "ApiError": "TikTokError",
    "InvalidParams": "ApiError",
    "AccessTokenInvalid": "ApiError",
    "ScopeNotAuthorized": "ApiError",
    "RateLimited": "ApiError",
    "QuotaExhausted": "ApiError",
    "PostingRefused": "ApiError",
    "ServerError": "ApiError",
    "ListingIncomplete": "ServerError",
    "OAuthError": "TikTokError",
    "ReauthorizationRequired": "OAuthError",
    "AuthorizationDenied": "OAuthError",
    "StateMismatch": "OAuthError",
    "AccountNotFound": "TikTokError",
    "ArchiveUnavailable": "TikTokError",
    "ScopeNotGranted": "TikTokError",
    "RateLimitWaitExceeded": "TikTokError",
    "UploadError": "TikTokError",
    "UploadExpired": "UploadError",
    "UploadRejected": "UploadError",
    "SourceChanged": "UploadError",
    "PublishFailed": "TikTokError",
    "PublishPending": "TikTokError",
    "OutcomeUnknown": "TikTokError",
    "StoreError": "TikTokError",
    "TokenConflict": "StoreError",
    "TokenNotSaved": "StoreError",
    "CheckpointConflict": "StoreError",
    "LeaseUnavailable": "StoreError",
    "DecryptionError": "StoreError",
    "WebhookError": "TikTokError",
    "SignatureMismatch": "WebhookError",
    "TimestampOutsideTolerance": "WebhookError",
    "WrongApp": "WebhookError",
    "EventInProgress": "WebhookError",
    "ReportRefused": "TikTokError",
}


def token() -> Token:
    return Token(
        key=AccountKey("app", "user"),
        access_token=Secret(f"act.{CANARY}"),
        refresh_token=Secret(f"rft.{CANARY}"),
        scopes=frozenset({"video.list"}),
        expires_at=NOW,
        refresh_expires_at=NOW,
        updated_at=NOW,
    )


def with_evidence(error: Any, **evidence: Any) -> Any:
    for name, value in evidence.items():
        setattr(error, name, value)
    return error


TOLD = f"token act.{CANARY} with client_secret={CANARY}&upload_token={CANARY}"
INSTANCES: list[TikTokError] = [
    TikTokError("it went wrong"),
    errors.ConfigurationError("two things", problems=("one", "two")),
    errors.SessionClosed("account.videos"),
    errors.WrongEventLoop(),
    errors.TransportError("connection reset", sent=True, endpoint="/v2/video/list/"),
    *(
        api_error(code, TOLD, log_id="LOG1", status=status, endpoint="/v2/video/list/", open_id="user")
        for code, status in [*((code, 400) for code in API_ERRORS), ("", 502), ("brand_new", 418)]
    ),
    with_evidence(api_error("rate_limit_exceeded", status=429), retry_after=timedelta(seconds=7)),
    with_evidence(api_error("daily_quota_limit_exceeded", status=429), resets_at=NOW),
    with_evidence(api_error("scope_not_authorized", status=401), missing=frozenset({"video.list"})),
    *(oauth_error(word, TOLD, log_id="LOG2", open_id="user") for word in OAUTH_ERRORS if word != "state_mismatch"),
    errors.ListingIncomplete(endpoint="/v2/video/list/", log_id="LOG6", open_id="user"),
    errors.ReauthorizationRequired("user", "expired", description=TOLD, log_id="LOG3"),
    errors.StateMismatch(),
    errors.AccountNotFound("user", "app"),
    errors.ScopeNotGranted({"video.list", "user.info.stats"}, open_id="user"),
    errors.RateLimitWaitExceeded(timedelta(seconds=9), endpoint="/v2/video/list/", open_id="user"),
    errors.UploadError("broken", publish_id="p1", status=500),
    errors.UploadExpired("over", publish_id="p1"),
    errors.UploadRejected("no", publish_id="p1", status=403),
    errors.SourceChanged("changed", publish_id="p1"),
    errors.PublishFailed("frame_rate_check_failed", publish_id="p1", retryable=True, advice="convert", log_id="LOG4"),
    errors.PublishPending("p1", state="PROCESSING_UPLOAD", waited=timedelta(minutes=30)),
    errors.OutcomeUnknown("the init was cut off", endpoint="/v2/x/", open_id="user", dedup_key="k"),
    errors.ArchiveUnavailable("12", state="expired", open_id="user", log_id="LOG5"),
    errors.StoreError("the store is away"),
    errors.TokenConflict("user", expected_version=1, actual_version=2),
    errors.CheckpointConflict("user", expected_version=1, actual_version=2),
    errors.LeaseUnavailable("user", waited=timedelta(seconds=3)),
    errors.DecryptionError("user", reason="no key fits"),
    errors.WebhookError("no"),
    errors.SignatureMismatch("no"),
    errors.TimestampOutsideTolerance("old"),
    errors.WrongApp("other"),
    errors.EventInProgress("Another process is at work on this event."),
    errors.ReportRefused("answers[3].facts.code"),
]


def same(first: BaseException, second: BaseException) -> bool:
    return (
        type(first) is type(second)
        and first.args == second.args
        and str(first) == str(second)
        and first.__dict__ == second.__dict__
    )


def test_the_tree_is_the_one_the_documentation_shows() -> None:
    found = {
        name: getattr(errors, name).__base__.__name__
        for name in errors.__all__
        if isinstance(getattr(errors, name), type) and issubclass(getattr(errors, name), BaseException)
    }
    assert found == TREE


def test_every_class_is_in_the_list_of_instances_that_these_tests_try() -> None:
    assert {type(error).__name__ for error in INSTANCES} | {"TokenNotSaved"} == set(TREE)


@pytest.mark.parametrize("error", INSTANCES, ids=lambda error: type(error).__name__)
def test_an_error_survives_pickle_copy_and_deepcopy_without_loss(error: TikTokError) -> None:
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert same(pickle.loads(pickle.dumps(error, protocol)), error)
    assert same(copy.copy(error), error)
    assert same(copy.deepcopy(error), error)


@pytest.mark.parametrize("error", INSTANCES, ids=lambda error: type(error).__name__)
def test_an_error_says_something_and_shows_no_secret(error: TikTokError) -> None:
    assert str(error).strip()
    assert CANARY not in f"{error} {error!r} {error.args} {error.__dict__}"
    assert CANARY.encode() not in pickle.dumps(error)


@pytest.mark.parametrize("error", INSTANCES, ids=lambda error: type(error).__name__)
def test_an_error_is_pickled_by_its_public_name(error: TikTokError) -> None:
    assert type(error).__module__ == "tiktok_async.errors"


def test_a_chain_of_our_errors_survives_a_pickle_and_a_foreign_cause_stays_behind() -> None:
    inner = errors.TransportError("reset", sent=True)
    outer = errors.OutcomeUnknown("the init was cut off")
    outer.__cause__ = inner
    again = pickle.loads(pickle.dumps(outer))
    assert same(again.__cause__, inner)
    assert copy.copy(outer).__cause__ is inner
    # A foreign error may hold the headers of a request, and with them a token.
    outer.__cause__ = ValueError(f"act.{CANARY}")
    assert CANARY.encode() not in pickle.dumps(outer)
    assert pickle.loads(pickle.dumps(outer)).__cause__ is None


def test_a_token_that_was_not_saved_stays_in_its_process() -> None:
    error = errors.TokenNotSaved(token())
    assert error.token == token()
    assert copy.copy(error).token == token()
    pickled = pickle.dumps(error)
    assert CANARY.encode() not in pickled
    again = pickle.loads(pickled)
    assert (again.token, again.open_id, str(again)) == (None, "user", str(error))
    assert CANARY not in f"{error} {error!r} {error.__dict__}"


@pytest.mark.parametrize(("code", "rule"), API_ERRORS.items(), ids=API_ERRORS)
def test_each_code_becomes_its_class_with_its_log_id_and_advice(code: str, rule: errors.ErrorRule) -> None:
    error = api_error(code, "words", log_id="LOG", status=400, endpoint="/v2/x/", open_id="user")
    assert type(error).__name__ == rule.error
    assert (error.code, error.log_id, error.status, error.endpoint, error.open_id) == (
        code,
        "LOG",
        400,
        "/v2/x/",
        "user",
    )
    assert (error.retryable, error.fixer, error.advice) == (rule.retryable, rule.fixer, rule.advice)
    for part in (code, "words", rule.advice, "LOG", "/v2/x/", "user"):
        assert part in str(error)


@pytest.mark.parametrize(("word", "rule"), OAUTH_ERRORS.items(), ids=OAUTH_ERRORS)
def test_each_oauth_error_keeps_its_code_and_its_log_id(word: str, rule: errors.ErrorRule) -> None:
    error = oauth_error(word, "words", log_id="LOG", open_id="user")
    assert isinstance(error, OAuthError)
    assert (error.error, error.log_id, error.open_id) == (word, "LOG", "user")
    assert (error.retryable, error.fixer, error.advice) == (rule.retryable, rule.fixer, rule.advice)
    for part in (word, "words", rule.advice, "LOG", "user"):
        assert part in str(error)


def test_a_denial_is_distinguished_from_the_other_oauth_errors() -> None:
    assert type(oauth_error("access_denied")) is errors.AuthorizationDenied
    assert type(oauth_error("invalid_grant")) is OAuthError
    assert type(oauth_error("never_heard_of")) is OAuthError


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "InvalidParams"),
        (401, "AccessTokenInvalid"),
        (403, "PostingRefused"),
        (429, "RateLimited"),
        (500, "ServerError"),
        (503, "ServerError"),
        (418, "ApiError"),
    ],
)
def test_an_unknown_or_empty_code_goes_by_the_status(status: int, name: str) -> None:
    for code in ("", "brand_new_code"):
        error = api_error(code, status=status)
        assert type(error).__name__ == name
        assert error.code == code


@given(st.text(max_size=80))
def test_scrub_removes_every_token_in_any_text(noise: str) -> None:
    secret = "Zx9Canary!6393.e1*0"
    for text in (
        f"{noise} act.{secret}",
        f"{noise} refresh_token={secret}",
        f"{noise} https://x/?upload_token={secret}&a=1",
    ):
        assert "Zx9Canary" not in scrub(text)


@given(st.text(alphabet=st.characters(blacklist_characters="=."), max_size=200))
def test_scrub_leaves_harmless_words_as_they_are(text: str) -> None:
    assert scrub(text) == text


@given(
    code=st.text(max_size=30),
    message=st.text(max_size=200),
    status=st.integers(0, 999),
    log_id=st.none() | st.text(min_size=1),
)
def test_any_answer_makes_an_error_that_keeps_its_evidence(
    code: str, message: str, status: int, log_id: str | None
) -> None:
    error = api_error(code, message, log_id=log_id, status=status)
    assert isinstance(error, ApiError)
    assert (error.code, error.status, error.log_id) == (
        printable(code),
        status,
        None if log_id is None else printable(log_id),
    )
    assert same(pickle.loads(pickle.dumps(error)), error)


FOREIGN = "no\n[ERROR] forged line\r\x1b[2J\x1b]0;title\x07 \u202eright to left\u2028 \ud800 \x9b31m\x00"


def foreign_errors() -> list[TikTokError]:
    return [
        api_error("internal_error", FOREIGN, log_id=FOREIGN, status=500, open_id=FOREIGN, endpoint=FOREIGN),
        api_error(FOREIGN, status=400),
        oauth_error(FOREIGN, FOREIGN, log_id=FOREIGN, open_id=FOREIGN),
        oauth_error("access_denied", FOREIGN),
        errors.ReauthorizationRequired(FOREIGN, "revoked", description=FOREIGN, log_id=FOREIGN),
        errors.TransportError(FOREIGN, sent=False),
        errors.UploadError(FOREIGN, publish_id=FOREIGN),
        errors.PublishFailed(FOREIGN, publish_id=FOREIGN, log_id=FOREIGN),
        errors.PublishPending(FOREIGN, state=FOREIGN),
        errors.ArchiveUnavailable(FOREIGN, state=FOREIGN),
        errors.StoreError(FOREIGN),
        errors.WebhookError(FOREIGN),
    ]


@pytest.mark.parametrize("error", foreign_errors(), ids=lambda error: type(error).__name__)
def test_foreign_text_stays_on_one_line_and_moves_no_terminal(error: TikTokError) -> None:
    reported = str(error)
    assert reported.isprintable(), reported
    reported.encode("utf-8")
    for name in ("code", "message", "log_id", "error", "description", "reason", "state"):
        value = getattr(error, name, None)
        assert value is None or value.isprintable(), (name, value)
    assert "\\n[ERROR] forged line" in f"{reported} {error.__dict__}"


@given(st.text())
def test_escaping_twice_changes_nothing_more(text: str) -> None:
    once = printable(text)
    assert printable(once) == once
    assert not any(char in once for char in "\n\r\x1b\x00\x9b\u2028\u202e")


@pytest.mark.parametrize("text", ["Ünïcödé 日本語 👩‍👩‍👧", "C:\\new\\table", "plain"])
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_our_own_lists_of_problems_keep_their_lines() -> None:
    assert str(errors.ConfigurationError("two:\n- one\x1b[2J\n- two")) == "two:\n- one\\x1b[2J\n- two"
