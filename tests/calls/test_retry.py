"""When a failed call is sent again: which calls, after which wait, and until the retry quota is empty."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiktok_async import errors
from tiktok_async._calls.rules.endpoints import ENDPOINTS, Repeatable
from tiktok_async._calls.rules.retry import RetryQuota, retry_delay
from tiktok_async.errors import RateLimited, ServerError, TikTokError, TransportError, api_error, oauth_error
from tiktok_async.models import Endpoint, RetryPolicy

POLICY = RetryPolicy()
READ, INIT, TOKEN = ENDPOINTS[Endpoint.VIDEO_LIST], ENDPOINTS[Endpoint.VIDEO_INIT], ENDPOINTS[Endpoint.TOKEN]
UNSENT, SENT = TransportError("no route", sent=False), TransportError("reset", sent=True)
LIMITED = api_error("rate_limit_exceeded", status=429)
BROKEN = api_error("internal_error", status=500)


def limited(seconds: float) -> RateLimited:
    error = RateLimited("rate_limit_exceeded", status=429)
    error.retry_after = timedelta(seconds=seconds)
    return error


def repeats(endpoint: Endpoint, error: TikTokError) -> bool:
    spec = ENDPOINTS[endpoint]
    return retry_delay(spec, error, attempt=1, policy=POLICY, elapsed=0, jitter=0.5) is not None


@pytest.mark.parametrize("endpoint", Endpoint)
def test_any_call_that_was_not_sent_or_was_rate_limited_is_sent_again(endpoint: Endpoint) -> None:
    assert repeats(endpoint, UNSENT)
    assert repeats(endpoint, LIMITED)


@pytest.mark.parametrize("endpoint", Endpoint)
@pytest.mark.parametrize("error", [SENT, BROKEN, ServerError("", status=502)])
def test_a_call_that_may_have_arrived_is_sent_again_only_if_it_is_a_read(
    endpoint: Endpoint, error: TikTokError
) -> None:
    assert repeats(endpoint, error) is (ENDPOINTS[endpoint].repeatable is Repeatable.ALWAYS)


@pytest.mark.parametrize(
    "error",
    [
        *(oauth_error(word) for word in errors.OAUTH_ERRORS if word != "state_mismatch"),
        *(
            api_error(code, status=400)
            for code, rule in errors.API_ERRORS.items()
            if rule.error not in {"RateLimited", "ServerError"}
        ),
        ServerError("", status=302, retryable=False),
        errors.SessionClosed(),
        errors.ReauthorizationRequired("user", "revoked"),
        errors.RateLimitWaitExceeded(timedelta(seconds=1)),
    ],
    ids=str,
)
def test_a_refusal_is_final(error: TikTokError) -> None:
    for endpoint in (Endpoint.VIDEO_LIST, Endpoint.VIDEO_INIT, Endpoint.TOKEN):
        assert not repeats(endpoint, error)


@pytest.mark.parametrize(
    ("status", "retryable", "again"), [(500, False, True), (499, False, False), (200, True, True), (503, True, True)]
)
def test_a_server_error_is_retried_because_of_its_status_or_its_code(
    status: int, *, retryable: bool, again: bool
) -> None:
    assert repeats(Endpoint.VIDEO_LIST, ServerError("", status=status, retryable=retryable)) is again


def test_no_retry_follows_the_last_attempt() -> None:
    policy = RetryPolicy(attempts=3)
    found = [
        retry_delay(READ, BROKEN, attempt=n, policy=policy, elapsed=0, jitter=0.5) is not None for n in (1, 2, 3, 4)
    ]
    assert found == [True, True, False, False]


def test_the_wait_doubles_and_has_full_jitter() -> None:
    policy = RetryPolicy(attempts=99, base=timedelta(seconds=1), cap=timedelta(seconds=10))
    waits = [retry_delay(READ, BROKEN, attempt=n, policy=policy, elapsed=0, jitter=0.5) for n in (1, 2, 3, 4, 5, 98)]
    assert waits == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]
    assert retry_delay(READ, BROKEN, attempt=1, policy=policy, elapsed=0, jitter=0) == 0


def test_a_wait_that_the_server_names_is_not_shortened() -> None:
    assert retry_delay(READ, limited(30), attempt=1, policy=POLICY, elapsed=0, jitter=0.5) == 30
    assert retry_delay(INIT, limited(0), attempt=1, policy=POLICY, elapsed=0, jitter=0.5) == 0.125


def test_no_retry_starts_after_the_deadline() -> None:
    assert retry_delay(READ, limited(91), attempt=1, policy=POLICY, elapsed=0, jitter=0) is None
    assert retry_delay(READ, BROKEN, attempt=1, policy=POLICY, elapsed=90, jitter=0.9) is None
    assert retry_delay(READ, BROKEN, attempt=1, policy=POLICY, elapsed=90, jitter=0) == 0


@given(
    attempt=st.integers(1, 10_000),
    attempts=st.integers(1, 10_000),
    elapsed=st.floats(0, 1e6),
    jitter=st.floats(0, 1, exclude_max=True),
    seconds=st.none() | st.floats(0, 3600),
)
def test_every_wait_fits_the_policy(
    attempt: int, attempts: int, elapsed: float, jitter: float, seconds: float | None
) -> None:
    policy = RetryPolicy(attempts=attempts)
    error: TikTokError = BROKEN if seconds is None else limited(seconds)
    wait = retry_delay(READ, error, attempt=attempt, policy=policy, elapsed=elapsed, jitter=jitter)
    if wait is None:
        return
    assert attempt < attempts
    assert elapsed + wait <= policy.deadline.total_seconds()
    # The wait that the server names is rounded to whole microseconds.
    assert 0 <= wait <= max(policy.cap, timedelta(seconds=seconds or 0)).total_seconds()
    if seconds is not None:
        assert wait >= timedelta(seconds=seconds).total_seconds()


def test_the_quota_limits_the_retries_of_an_outage() -> None:
    quota = RetryQuota()
    assert sum(quota.spend(BROKEN) for _ in range(1_000)) == 500 // 14
    assert not quota.spend(SENT)


def test_a_full_window_costs_less_quota_than_an_outage() -> None:
    quota = RetryQuota()
    assert sum(quota.spend(LIMITED) for _ in range(1_000)) == 100


def test_a_retry_that_succeeds_costs_no_quota() -> None:
    quota = RetryQuota()
    for _ in range(1_000):
        assert quota.spend(BROKEN)
        quota.succeeded(BROKEN)
    assert quota.left == 500
    for error, price in ((LIMITED, 5), (BROKEN, 14)):
        assert quota.spend(error)
        assert quota.spend(error)
        quota.succeeded(error)
        assert quota.left == 500 - price
        quota.succeeded(error)


def test_a_call_that_succeeds_at_once_adds_one_to_the_quota() -> None:
    quota = RetryQuota()
    assert quota.spend(BROKEN)
    quota.succeeded()
    assert quota.left == 487


def test_successes_refill_the_quota_up_to_its_capacity() -> None:
    quota = RetryQuota(capacity=20)
    assert quota.spend(BROKEN)
    assert not quota.spend(BROKEN)
    for _ in range(8):
        quota.succeeded()
    assert quota.spend(BROKEN)
    for _ in range(100):
        quota.succeeded()
    assert quota.left == 20


@given(st.lists(st.sampled_from(["spend", "ok", "repeat ok"])))
def test_the_quota_stays_between_zero_and_its_capacity(steps: list[str]) -> None:
    quota = RetryQuota(capacity=50)
    for step in steps:
        if step == "spend":
            quota.spend(BROKEN)
        else:
            quota.succeeded(BROKEN if step == "repeat ok" else None)
        assert 0 <= quota.left <= 50
