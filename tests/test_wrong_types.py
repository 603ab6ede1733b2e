"""Every public call that sends something reports every argument of a wrong type, in one error, before it sends."""

import inspect
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiktok_async import (
    ConfigurationError,
    Limit,
    TikTokSession,
    due_accounts,
    sync_account,
)
from tiktok_async.abc import CheckpointStore
from tiktok_async.api.oauth.oauth import OAuth
from tiktok_async.api.portability.portability import Portability
from tiktok_async.api.research.ads import Ads
from tiktok_async.api.research.research import Research
from tiktok_async.emulator import Emulator
from tiktok_async.models._arguments import checked
from tiktok_async.stores import MemoryCheckpointStore
from tiktok_async.sync import enrol_accounts, refresh_covers

# Values of wrong types for each kind of argument.
WRONG = object()


def _public(kind: type) -> list[Any]:
    found = inspect.getmembers(kind, inspect.isfunction)
    return [function for name, function in found if not name.startswith("_") and name != "aclose"]


CALLS = [
    *(call for kind in (Research, Ads, OAuth, Portability) for call in _public(kind)),
    *(TikTokSession.request, TikTokSession.remaining),
    *(sync_account, due_accounts, enrol_accounts, refresh_covers),
]


def _telling(call: Any) -> list[str]:
    parameters = inspect.signature(call).parameters.values()
    return [each.name for each in parameters if each.name != "self" and each.annotation is not Any]


@pytest.mark.parametrize("call", [call for call in CALLS if _telling(call)], ids=lambda call: call.__qualname__)
async def test_every_argument_of_a_wrong_type_is_named(call: Any) -> None:
    names = _telling(call)
    holder = [None] * ("self" in inspect.signature(call).parameters)
    with pytest.raises(ConfigurationError) as caught:
        await call(*holder, **dict.fromkeys(names, WRONG))
    assert [problem.split(" ")[0] for problem in caught.value.problems] == names
    assert str(caught.value).endswith(".")


@pytest.fixture
async def session(emulator: Emulator) -> AsyncIterator[TikTokSession]:
    async with emulator.session() as session:
        yield session


CHECKPOINTS = MemoryCheckpointStore()
# Callers without a type checker.
SYNC: Any = sync_account
DUE: Any = due_accounts


async def _nothing(page: object) -> None:
    del page


@pytest.mark.parametrize(
    ("begin", "named"),
    [
        (lambda s: SYNC(s, "one", _nothing, CHECKPOINTS, every="1d", lease=0), ["every"]),
        (
            lambda s: sync_account(s, "one", _nothing, CHECKPOINTS, every=0, lease=-1, look_back=0),
            ["every", "look_back", "lease"],
        ),
        (lambda s: SYNC(s, "one", 5, None, fields="id"), ["handler", "checkpoints", "fields"]),
        (lambda s: anext(DUE(s, CHECKPOINTS, limit="5", every="x")), ["every", "limit"]),
        (lambda s: anext(DUE(s, CHECKPOINTS, limit=0, every=-1)), ["every", "limit"]),
        (lambda s: s.oauth.authorization(5, 7, pkce="yes"), ["redirect_uri", "scopes", "pkce"]),
        (lambda s: s.oauth.exchange(b"code", code_verifier=5), ["code", "code_verifier"]),
        (lambda s: s.research.user(7, fields="id", wait_for_quota=1), ["username", "fields", "wait_for_quota"]),
        (lambda s: s.research.videos("x", start="2026", end=5, limit="7"), ["start", "end", "limit"]),
        (lambda s: s.request("GET", 5, client="yes", params="a"), ["path", "client", "params"]),
    ],
)
async def test_nothing_is_sent_for_invalid_arguments(
    emulator: Emulator, session: TikTokSession, begin: Callable[[TikTokSession], Any], named: list[str]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        await begin(session)
    assert [problem.split(" ")[0] for problem in caught.value.problems] == named
    assert len(emulator.requests) == 0


async def test_spans_may_be_seconds_and_since_may_be_a_date(emulator: Emulator) -> None:
    async with emulator.session() as session:
        account = await emulator.connect(session, emulator.add_user())
        checkpoints = MemoryCheckpointStore(clock=emulator.clock)
        done = await sync_account(
            session, account.open_id, _nothing, checkpoints, every=3600, lease=60.5, since=date(2026, 1, 1)
        )
        assert done.error is None
        assert [due async for due in due_accounts(session, checkpoints, every=3600, again_after=60)] == []


@pytest.mark.parametrize(
    ("limit", "named"),
    [
        (("6", 60), ["count"]),
        ((True, "60"), ["count", "per"]),
        ((6.5, timedelta(0)), ["count", "per"]),
        ((None, None), ["count", "per"]),
    ],
)
def test_an_invalid_limit_is_reported_in_one_error(limit: tuple[Any, Any], named: list[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Limit(*limit)
    assert [problem.split(" ")[0] for problem in caught.value.problems] == named


def test_the_window_of_a_limit_may_be_seconds() -> None:
    assert Limit(6, 60) == Limit(6, timedelta(minutes=1))


ANNOTATIONS: list[Any] = [
    *(int, str, bool, float, date, timedelta, str | None, int | str, Iterable[str], Mapping[str, Any]),
    *(Literal["a", "b"], Callable[[int], int], CheckpointStore, Limit, timedelta | float, Iterable[str] | None),
]
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.dates(), st.timedeltas(),
    st.lists(st.text()), st.dictionaries(st.text(), st.text()), st.just(len), st.just(Limit(6, 60)),
)  # fmt: skip


@given(annotation=st.sampled_from(ANNOTATIONS), value=VALUES)
def test_any_value_is_accepted_or_reported_without_a_foreign_error(annotation: Any, value: Any) -> None:
    def take(value: Any) -> Any:
        return value

    take.__annotations__["value"] = annotation
    reported: tuple[str, ...] | None = None
    try:
        assert checked("No")(take)(value) is value
    except ConfigurationError as error:
        reported = error.problems
        str(error).encode()
    assert reported is None or len(reported) == 1
