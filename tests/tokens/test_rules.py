"""The life of a token: how long it is used, when it is refreshed, and what a failed refresh means for it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiktok_async._tokens.rules import (
    Lifetime,
    RefreshOutcome,
    classify_refresh_error,
    lifetime,
    reauthorization_reason,
    token_lifetime,
)
from tiktok_async.errors import OAuthError, TikTokError, TransportError, api_error
from tiktok_async.models import AccountKey, Endpoint, Secret, Token

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
DAY = 86_400.0


def make_token(
    open_id: str = "user-1", *, life: timedelta = timedelta(days=1), left: timedelta = timedelta(days=1)
) -> Token:
    return Token(
        key=AccountKey("app", open_id),
        access_token=Secret("act.1"),
        refresh_token=Secret("rft.1"),
        scopes=frozenset(),
        expires_at=NOW + left,
        refresh_expires_at=NOW + timedelta(days=180),
        updated_at=NOW + left - life,
    )


@pytest.mark.parametrize(
    ("life", "left", "margin", "spread", "expected"),
    [
        # a tenth of its life before its end, and a second before it not at all
        (DAY, DAY, None, 0.0, (DAY * 0.9, DAY - 1)),
        (7200.0, 7200.0, None, 0.0, (6480.0, 7199.0)),
        (7200.0, 100.0, None, 0.0, (-620.0, 99.0)),
        # at least a minute
        (300.0, 300.0, None, 0.0, (240.0, 299.0)),
        # the user's own margin
        (DAY, DAY, timedelta(hours=2), 0.0, (DAY - 7200, DAY - 1)),
        (DAY, DAY, timedelta(0), 0.0, (DAY - 1, DAY - 1)),
        # up to a half more by the account's own number
        (DAY, DAY, None, 1.0, (DAY * 0.85, DAY - 1)),
        (DAY, DAY, timedelta(minutes=10), 0.5, (DAY - 750, DAY - 1)),
        # at most half of its life
        (80.0, 80.0, None, 0.0, (40.0, 79.0)),
        (80.0, 80.0, timedelta(hours=1), 1.0, (40.0, 79.0)),
        (2.0, 2.0, None, 0.0, (1.0, 1.9)),
        (10.0, 10.0, timedelta(0), 0.0, (9.5, 9.5)),
        # a clock set back makes it no younger
        (7200.0, 9000.0, None, 0.0, (6480.0, 7199.0)),
        (0.0, 0.0, None, 0.0, (0.0, 0.0)),
    ],
)
def test_a_token_is_fresh_then_stale_then_expired(
    life: float, left: float, margin: timedelta | None, spread: float, expected: tuple[float, float]
) -> None:
    reported = lifetime(life=life, left=left, margin=margin, spread=spread)
    assert (reported.fresh, reported.usable) == pytest.approx(expected)


def test_an_account_without_a_number_is_refreshed_at_the_margin() -> None:
    assert lifetime(life=DAY, left=DAY, margin=None) == lifetime(life=DAY, left=DAY, margin=None, spread=0.0)


@given(
    life=st.floats(0, 1e8),
    left=st.floats(-1e8, 1e8),
    margin=st.none() | st.timedeltas(timedelta(0), timedelta(days=400)),
    spread=st.floats(0, 1, exclude_max=True),
)
def test_every_fresh_token_is_usable(life: float, left: float, margin: timedelta | None, spread: float) -> None:
    reported = lifetime(life=life, left=left, margin=margin, spread=spread)
    assert reported.fresh <= reported.usable <= min(life, left)
    assert reported.fresh >= min(life, left) - max(life / 2, 1e-9)


def test_accounts_of_one_day_are_not_refreshed_at_the_same_time() -> None:
    times = [token_lifetime(make_token(f"user-{n}"), NOW, None).fresh for n in range(2_000)]
    assert min(times) == pytest.approx(DAY * 0.85, abs=DAY * 0.001)
    assert max(times) == pytest.approx(DAY * 0.9, abs=DAY * 0.001)
    halves = sum(time > DAY * 0.875 for time in times)
    assert 800 < halves < 1_200


def test_an_account_has_the_same_number_in_every_process() -> None:
    # CRC-32 of the open_id; `hash` differs from process to process
    spread = 0x8D93D649 / 2**32
    assert token_lifetime(make_token("user"), NOW, None) == lifetime(life=DAY, left=DAY, margin=None, spread=spread)


def test_the_life_of_a_token_begins_when_it_was_received() -> None:
    token = make_token(life=timedelta(hours=2), left=timedelta(minutes=5))
    reported = token_lifetime(token, NOW, timedelta(minutes=1))
    assert reported.usable == 299
    assert 300 - 90 <= reported.fresh <= 300 - 60
    assert token_lifetime(token, NOW + timedelta(minutes=6), timedelta(minutes=1)).usable == -61


def test_a_token_that_ended_before_it_was_received_has_no_lifetime() -> None:
    assert token_lifetime(make_token(life=timedelta(seconds=-5)), NOW, None) == Lifetime(fresh=0, usable=0)


def test_an_open_id_that_utf_8_cannot_encode_has_a_number_too() -> None:
    assert token_lifetime(make_token("\ud800"), NOW, None).fresh > 0


# https://developers.tiktok.com/doc/oauth-error-handling
@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OAuthError("invalid_grant", "Refresh token is invalid"), RefreshOutcome.REFUSED),
        (OAuthError("server_error", ""), RefreshOutcome.UNCLEAR),
        (OAuthError("invalid_client", ""), RefreshOutcome.UNUSED),
        (OAuthError("invalid_request", ""), RefreshOutcome.UNUSED),
        (TransportError("reset", sent=True), RefreshOutcome.UNKNOWN),
        (TransportError("no route", sent=False), RefreshOutcome.UNUSED),
        (api_error("internal_error", "", status=500, endpoint=Endpoint.TOKEN.path), RefreshOutcome.UNCLEAR),
        (api_error("not_in_the_table", "", status=200, endpoint=Endpoint.TOKEN.path), RefreshOutcome.UNCLEAR),
        (api_error("invalid_params", "", status=399, endpoint=Endpoint.TOKEN.path), RefreshOutcome.UNCLEAR),
        (api_error("invalid_params", "", status=400, endpoint=Endpoint.TOKEN.path), RefreshOutcome.UNUSED),
        (api_error("rate_limit_exceeded", "", status=429, endpoint=Endpoint.TOKEN.path), RefreshOutcome.UNUSED),
        (TikTokError("anything else"), RefreshOutcome.UNUSED),
    ],
)
def test_the_error_of_a_failed_refresh_says_whether_the_refresh_token_was_used(
    error: TikTokError, expected: RefreshOutcome
) -> None:
    assert classify_refresh_error(error) is expected


@pytest.mark.parametrize(
    ("ended", "interrupted", "reason"),
    [
        (timedelta(0), False, "expired"),
        (timedelta(seconds=1), True, "expired"),
        (timedelta(seconds=-1), True, "interrupted_rotation"),
        (timedelta(seconds=-1), False, "revoked"),
    ],
)
def test_the_reason_of_a_refusal_is_the_likeliest(ended: timedelta, *, interrupted: bool, reason: str) -> None:
    token = make_token()
    assert reauthorization_reason(token, token.refresh_expires_at + ended, interrupted=interrupted) == reason
