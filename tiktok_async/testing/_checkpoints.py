# ruff: noqa: S101, PLR2004 - a test class is made of assertions and literal expectations
"""The pytest class that any checkpoint store must pass."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from attrs import evolve

from tiktok_async.abc import CheckpointStore
from tiktok_async.errors import CheckpointConflict, LeaseUnavailable
from tiktok_async.models import AccountKey, Checkpoint

NOW = datetime(2026, 11, 20, 10, 0, 0, 123456, tzinfo=UTC)
LONG, SHORT, NONE = timedelta(seconds=90), timedelta(milliseconds=150), timedelta(0)
MINUTE = timedelta(minutes=1)


def make_checkpoint(key: AccountKey, *, due_at: datetime = NOW, number: int = 0) -> Checkpoint:
    """Return a checkpoint with every field filled."""
    return Checkpoint(
        key=key,
        due_at=due_at,
        round=number,
        watermark=NOW - MINUTE,
        known={"7080213458555737986": (1_793_491_200, 4_294_967_295), "7": (0, 0)},
        began_at=NOW - timedelta(seconds=2),
        cursor=1_793_491_200_000,
        newest=NOW,
        seen={"no-number ✗": (1_793_491_201, 17), "007": (1, 2)},
        failures=3,
        login_needed=True,
        synced_at=NOW - timedelta(hours=12),
    )


@pytest.mark.asyncio
class CheckpointStoreContract:
    """Proves a `CheckpointStore`: subclass it under a name that starts with `Test`, and define the fixture `store`.

    Each test uses an app of its own, so the fixture may open the same data again and again.

    Example:
        >>> class TestMyCheckpoints(CheckpointStoreContract):
        ...     @pytest.fixture
        ...     def store(self) -> CheckpointStore:
        ...         return MyCheckpoints()
    """

    @pytest.fixture
    def store(self) -> CheckpointStore:
        """The store under test; to be overridden."""
        pytest.fail("define the fixture `store` in your subclass of CheckpointStoreContract")

    @pytest.fixture
    def app(self) -> str:
        """An app that no other test uses. Its name has characters that badly built keys would confuse."""
        return f"app:{{{uuid4().hex}}}"

    async def test_what_is_put_comes_back_whole_and_counted(self, store: CheckpointStore, app: str) -> None:
        checkpoint = make_checkpoint(AccountKey(app, "one"))
        assert await store.get(checkpoint.key) is None
        stored = await store.put(checkpoint, expected_version=0)
        assert stored == evolve(checkpoint, version=1) == await store.get(checkpoint.key)
        plain = Checkpoint(key=checkpoint.key, due_at=NOW + MINUTE)
        assert await store.put(plain, expected_version=1) == evolve(plain, version=2) == await store.get(plain.key)

    async def test_a_put_that_expects_another_version_changes_nothing(self, store: CheckpointStore, app: str) -> None:
        key = AccountKey(app, "one")
        stored = await store.put(make_checkpoint(key), expected_version=0)
        for expected in (0, 2, 7):
            with pytest.raises(CheckpointConflict) as caught:
                await store.put(make_checkpoint(key, number=9), expected_version=expected)
            assert (caught.value.open_id, caught.value.actual_version) == ("one", 1)
        assert await store.get(key) == stored
        with pytest.raises(CheckpointConflict):
            await store.put(make_checkpoint(AccountKey(app, "two")), expected_version=1)

    async def test_of_fifty_who_put_at_once_one_wins_each_version(self, store: CheckpointStore, app: str) -> None:
        key = AccountKey(app, "one")

        async def put() -> int:
            try:
                return (await store.put(make_checkpoint(key), expected_version=0)).version
            except CheckpointConflict:
                return 0

        assert sum(await asyncio.gather(*(put() for _ in range(50)))) == 1

    async def test_adding_leaves_what_is_there(self, store: CheckpointStore, app: str) -> None:
        old = await store.put(make_checkpoint(AccountKey(app, "one"), number=5), expected_version=0)
        fresh = [Checkpoint(key=AccountKey(app, name), due_at=NOW) for name in ("one", "two", "three")]
        assert await store.add(fresh) == 2
        assert await store.add(fresh) == 0
        assert await store.add([]) == 0
        assert await store.get(old.key) == old
        assert await store.get(fresh[1].key) == evolve(fresh[1], version=1)

    async def test_the_longest_overdue_are_handed_out_first_and_once(self, store: CheckpointStore, app: str) -> None:
        await store.add(
            [
                Checkpoint(key=AccountKey(app, f"user-{number}"), due_at=NOW - number * MINUTE, round=number)
                for number in range(-2, 6)
            ]
        )
        first = await store.take_due(app, before=NOW, until=NOW + MINUTE, limit=3)
        assert [(due.open_id, due.checkpoint_id) for due in first] == [
            ("user-5", "5"),
            ("user-4", "4"),
            ("user-3", "3"),
        ]
        rest = await store.take_due(app, before=NOW, until=NOW + MINUTE, limit=100)
        assert [due.open_id for due in rest] == ["user-2", "user-1"]
        assert not await store.take_due(app, before=NOW, until=NOW + MINUTE, limit=100)

    async def test_who_was_handed_out_and_not_finished_comes_again(self, store: CheckpointStore, app: str) -> None:
        key = AccountKey(app, "one")
        stored = await store.put(make_checkpoint(key, due_at=NOW - MINUTE), expected_version=0)
        assert len(await store.take_due(app, before=NOW, until=NOW + MINUTE, limit=10)) == 1
        assert await store.get(key) == evolve(stored, due_at=NOW + MINUTE)  # the version is unchanged
        assert not await store.take_due(app, before=NOW + MINUTE, until=NOW + LONG, limit=10)
        assert len(await store.take_due(app, before=NOW + 2 * MINUTE, until=NOW + 3 * MINUTE, limit=10)) == 1
        await store.put(evolve(stored, due_at=NOW + 9 * MINUTE), expected_version=1)
        assert not await store.take_due(app, before=NOW + 5 * MINUTE, until=NOW + 6 * MINUTE, limit=10)

    async def test_of_several_reconcilers_each_account_goes_to_one(self, store: CheckpointStore, app: str) -> None:
        await store.add([Checkpoint(key=AccountKey(app, f"user-{n}"), due_at=NOW) for n in range(100)])

        async def take() -> list[str]:
            taken, full = list[str](), True
            while full:
                due = await store.take_due(app, before=NOW + MINUTE, until=NOW + LONG, limit=7)
                taken += [each.open_id for each in due]
                full = len(due) == 7
            return taken

        parts = await asyncio.gather(*(take() for _ in range(4)))
        everybody = [open_id for part in parts for open_id in part]
        assert len(everybody) == len(set(everybody))
        missed = await store.take_due(app, before=NOW + MINUTE, until=NOW + LONG, limit=1000)
        assert len(everybody) + len(missed) == 100

    async def test_times_of_any_century_are_kept_in_order(self, store: CheckpointStore, app: str) -> None:
        years = (1999, 2026, 2400)
        await store.add([Checkpoint(key=AccountKey(app, str(y)), due_at=datetime(y, 1, 1, tzinfo=UTC)) for y in years])
        end = datetime(2500, 1, 1, tzinfo=UTC)
        due = await store.take_due(app, before=end, until=end, limit=3)
        assert [each.open_id for each in due] == ["1999", "2026", "2400"]
        for year in years:
            found = await store.get(AccountKey(app, str(year)))
            assert found is not None
            assert found.due_at == end

    async def test_apps_do_not_see_each_other(self, store: CheckpointStore, app: str) -> None:
        await store.put(make_checkpoint(AccountKey(app, "one"), due_at=NOW - MINUTE), expected_version=0)
        assert await store.get(AccountKey(app + "2", "one")) is None
        assert not await store.take_due(app + "2", before=NOW, until=NOW + MINUTE, limit=10)
        assert not await store.delete(AccountKey(app + "2", "one"))

    async def test_what_is_deleted_is_neither_found_nor_due(self, store: CheckpointStore, app: str) -> None:
        key = AccountKey(app, "one")
        await store.put(make_checkpoint(key, due_at=NOW - MINUTE), expected_version=0)
        assert await store.delete(key) is True
        assert await store.delete(key) is False
        assert await store.get(key) is None
        assert not await store.take_due(app, before=NOW, until=NOW + MINUTE, limit=10)
        assert (await store.put(make_checkpoint(key), expected_version=0)).version == 1

    async def test_an_account_is_held_by_one_and_freed_when_the_body_ends(
        self, store: CheckpointStore, app: str
    ) -> None:
        key = AccountKey(app, "one")
        fences = list[int]()
        for _ in range(2):
            async with (
                store.lease(AccountKey(app, "another"), ttl=LONG, wait=NONE),
                store.lease(key, ttl=LONG, wait=NONE) as held,
            ):
                fences.append(held.fence)
                with pytest.raises(LeaseUnavailable):
                    async with store.lease(key, ttl=LONG, wait=NONE):
                        pytest.fail("two holders")
        assert fences[0] < fences[1]

    async def test_a_dead_holders_account_is_free_when_its_time_is_over(self, store: CheckpointStore, app: str) -> None:
        key = AccountKey(app, "one")
        async with (
            store.lease(key, ttl=SHORT, wait=NONE) as dead,  # never released in time
            store.lease(key, ttl=LONG, wait=LONG) as heir,
        ):
            assert await dead.renew(LONG) is False
            assert await heir.renew(LONG) is True
