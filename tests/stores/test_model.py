"""Any sequence of operations has the same effect on a store as on a dict."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from attrs import evolve
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tiktok_async.abc import TokenStore
from tiktok_async.errors import LeaseUnavailable, TokenConflict
from tiktok_async.models import AccountKey, RefreshAttempt, Secret, Token, TokenState
from tiktok_async.stores import (
    EncryptedTokenStore,
    MemoryTokenStore,
    RedisTokenStore,
    SQLiteTokenStore,
    generate_store_key,
)

SOON = datetime.now(UTC) + timedelta(hours=1)
NONE = timedelta(0)
ends = st.integers(0, 20).map(lambda minutes: SOON + timedelta(minutes=minutes))
apps = st.sampled_from(["app", "app2", "앱:{x}"])
names = st.sampled_from(["a", "b", "b:c", "d" * 300, "ü"]) | st.text(min_size=1, max_size=8)
keys = st.builds(AccountKey, apps, names)
secrets = st.text(min_size=1, max_size=20).map(Secret)
attempts = st.none() | st.builds(
    RefreshAttempt, fingerprint=st.text(max_size=16), at=ends, replayed=st.booleans(), owner=st.text(max_size=16)
)
tokens = st.builds(
    Token,
    key=keys,
    access_token=secrets,
    refresh_token=secrets,
    scopes=st.frozensets(st.text(max_size=12), max_size=3),
    expires_at=ends,
    refresh_expires_at=st.just(SOON + timedelta(days=180)),
    updated_at=ends,
    state=st.sampled_from(TokenState),
    attempt=attempts,
    reason=st.none() | st.text(max_size=20),
)


class StoreMachine(RuleBasedStateMachine):
    """A store and a dict with the same records; each rule runs to completion on one event loop."""

    make: Callable[[], TokenStore]

    @initialize()
    def open(self) -> None:
        self.runner = asyncio.Runner()
        self.store = self.make()
        # All examples share one server, so the apps of each example get a suffix there.
        self.suffix = uuid4().hex
        self.model: dict[AccountKey, Token] = {}
        self.held: dict[AccountKey, object] = {}

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            for lease in self.held.values():
                self.runner.run(lease.__aexit__(None, None, None))  # type: ignore[attr-defined]  # run without its await
            self.runner.run(self.store.aclose())
            self.runner.close()

    def real(self, key: AccountKey) -> AccountKey:
        return AccountKey(key.client_key + self.suffix, key.open_id)

    @rule(token=tokens, off=st.sampled_from([0, 0, 0, -1, 1, None]))
    def put(self, token: Token, off: int | None) -> None:
        token = evolve(token, key=self.real(token.key))
        before = self.model.get(token.key)
        actual = before.version if before else 0
        expected = None if off is None else max(0, actual + off)
        if expected not in (None, actual):
            with pytest.raises(TokenConflict) as caught:
                self.runner.run(self.store.put(token, expected_version=expected))
            assert caught.value.actual_version == (actual or None)
            return
        stored = self.runner.run(self.store.put(token, expected_version=expected))
        assert stored == evolve(token, version=actual + 1)
        self.model[token.key] = stored

    @rule(key=keys)
    def get(self, key: AccountKey) -> None:
        assert self.runner.run(self.store.get(self.real(key))) == self.model.get(self.real(key))

    @rule(key=keys)
    def delete(self, key: AccountKey) -> None:
        real = self.real(key)
        assert self.runner.run(self.store.delete(real)) is (self.model.pop(real, None) is not None)

    @rule(app=apps, before=ends)
    def expiring(self, app: str, before: datetime) -> None:
        async def read() -> list[AccountKey]:
            return [key async for key in self.store.expiring(app + self.suffix, before)]

        seen = self.runner.run(read())
        due = {
            key
            for key, token in self.model.items()
            if key.client_key == app + self.suffix and token.state is TokenState.ACTIVE and token.expires_at < before
        }
        assert set(seen) == due
        assert len(seen) == len(due)
        assert [self.model[key].expires_at for key in seen] == sorted(self.model[key].expires_at for key in seen)

    @rule(key=keys)
    def take_or_release_a_lease(self, key: AccountKey) -> None:
        real = self.real(key)
        if real in self.held:
            with pytest.raises(LeaseUnavailable):
                self.runner.run(self.store.lease(real, ttl=timedelta(minutes=5), wait=NONE).__aenter__())
            self.runner.run(self.held.pop(real).__aexit__(None, None, None))  # type: ignore[attr-defined]  # run without its await
        else:
            lease = self.store.lease(real, ttl=timedelta(minutes=5), wait=NONE)
            self.runner.run(lease.__aenter__())
            self.held[real] = lease

    @invariant()
    def every_account_is_listed_once(self) -> None:
        async def read() -> list[AccountKey]:
            return [key for app in ("app", "app2", "앱:{x}") async for key in self.store.keys(app + self.suffix)]

        if hasattr(self, "runner"):
            seen = self.runner.run(read())
            assert len(seen) == len(set(seen))
            assert set(seen) == set(self.model)


def check(make: Callable[[], TokenStore], request: pytest.FixtureRequest) -> None:
    full = request.getfixturevalue("full")
    machine = type("Machine", (StoreMachine,), {"make": staticmethod(make)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=2000 if full else 25,
            stateful_step_count=50 if full else 25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_memory_store_behaves_like_a_dict(request: pytest.FixtureRequest) -> None:
    check(MemoryTokenStore, request)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_sqlite_store_behaves_like_a_dict(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    check(lambda: SQLiteTokenStore(tmp_path / "tokens.db"), request)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_redis_store_behaves_like_a_dict(redis_url: str, request: pytest.FixtureRequest) -> None:
    check(lambda: RedisTokenStore(redis_url), request)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_encrypted_store_behaves_like_a_dict(request: pytest.FixtureRequest) -> None:
    key = generate_store_key()
    check(lambda: EncryptedTokenStore(MemoryTokenStore(), keys=[key]), request)
