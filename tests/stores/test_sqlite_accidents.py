"""What becomes of a SQLite store whose file, folder, clock or process is taken from under it."""

import asyncio
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.forks import in_child, in_new_loop, outcome
from tiktok_async._concurrency.clock import SystemClock
from tiktok_async.errors import LeaseUnavailable, StoreError
from tiktok_async.models import AccountKey, Checkpoint, Secret, Video
from tiktok_async.stores import (
    EncryptedTokenStore,
    SQLiteCheckpointStore,
    SQLiteTokenStore,
    SQLiteVideoTable,
    generate_store_key,
)
from tiktok_async.testing._store_records import make_token
from tiktok_async_stores.sqlite import clocks, file

KEY = AccountKey("app", "one")
SOON = timedelta(seconds=0)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def remove(path: Path) -> None:
    """Delete a database and the files beside it, as the cleaning of a folder does."""
    for each in path.parent.glob(f"{path.name}*"):
        each.unlink()


async def put_token(path: Path) -> tuple[Any, Callable[[], Coroutine[Any, Any, Any]]]:
    store = SQLiteTokenStore(path)
    return store, lambda: store.put(make_token(KEY), expected_version=None)


async def put_note(path: Path) -> tuple[Any, Callable[[], Coroutine[Any, Any, Any]]]:
    store = SQLiteTokenStore(path)
    return store, lambda: store.put_note(KEY, "note", b"x", ttl=MINUTE, only_if_absent=False)


async def put_checkpoint(path: Path) -> tuple[Any, Callable[[], Coroutine[Any, Any, Any]]]:
    store = SQLiteCheckpointStore(path)
    names = iter(range(9))

    def put() -> Coroutine[Any, Any, Any]:
        key = AccountKey("app", f"account-{next(names)}")
        return store.put(Checkpoint(key=key, due_at=datetime.now(UTC)), expected_version=0)

    return store, put


async def put_video(path: Path) -> tuple[Any, Callable[[], Coroutine[Any, Any, Any]]]:
    table = SQLiteVideoTable(path)
    return table, lambda: table.upsert("one", [Video(id="7")])


WRITERS = [put_token, put_note, put_checkpoint, put_video]


@pytest.mark.parametrize("writer", WRITERS)
async def test_a_write_after_the_file_was_deleted_is_not_acknowledged(tmp_path: Path, writer: Any) -> None:
    path = tmp_path / "store.db"
    store, write = await writer(path)
    await write()
    remove(path)
    for _ in range(2):
        with pytest.raises(StoreError, match="was deleted while it was in use") as caught:
            await write()
        assert str(path) in str(caught.value)
    assert not path.exists()
    await store.aclose()


@pytest.mark.parametrize("writer", WRITERS)
async def test_a_write_is_not_acknowledged_if_the_file_is_deleted_during_its_commit(
    tmp_path: Path, writer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tiktok_async_stores.sqlite import worker

    path = tmp_path / "store.db"
    store, write = await writer(path)
    await write()
    commit = worker._commit

    def cut_off(connection: sqlite3.Connection, jobs: Any) -> Any:
        done = commit(connection, jobs)
        remove(path)
        return done

    monkeypatch.setattr(worker, "_commit", cut_off)
    with pytest.raises(StoreError, match="was deleted while it was in use"):
        await write()
    await store.aclose()


async def test_a_read_after_the_file_was_deleted_raises_an_error(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = SQLiteTokenStore(path)
    await store.put(make_token(KEY), expected_version=0)
    remove(path)
    with pytest.raises(StoreError, match="was deleted"):
        await store.get(KEY)
    with pytest.raises(StoreError, match="was deleted"):
        assert [key async for key in store.keys("app")] == []
    await store.aclose()


@pytest.mark.parametrize("writer", WRITERS)
async def test_a_file_that_replaces_the_deleted_one_is_used(tmp_path: Path, writer: Any) -> None:
    path, backup = tmp_path / "store.db", tmp_path / "backup.db"
    first, _ = await writer(backup)
    if isinstance(first, SQLiteTokenStore):
        assert await first.get(KEY) is None
    await first.aclose()
    if not backup.exists():
        sqlite3.connect(backup).close()
    store, write = await writer(path)
    await write()
    remove(path)
    with suppress(StoreError):
        await write()
    shutil.copy(backup, path)
    await write()
    await store.aclose()
    again, _ = await writer(path)
    if isinstance(again, SQLiteVideoTable):
        assert await again.counts() == (1, 1)
    await again.aclose()
    with sqlite3.connect(path) as connection:
        rows = [connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("tokens", "notes")]
        rows += [connection.execute("SELECT count(*) FROM checkpoints").fetchone()[0]]
    connection.close()
    assert isinstance(store, SQLiteVideoTable) or sum(rows) == 1


async def test_commits_into_a_log_that_was_deleted_are_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = SQLiteTokenStore(path)
    stored = await store.put(make_token(KEY), expected_version=0)
    Path(f"{path}-wal").unlink()
    two = await store.put(make_token(AccountKey("app", "two")), expected_version=0)
    await store.aclose()
    again = SQLiteTokenStore(path)
    assert await again.get(KEY) == stored
    assert await again.get(two.key) == two
    await again.aclose()


async def test_a_value_that_sqlite_cannot_store_does_not_block_other_calls(tmp_path: Path) -> None:
    store = SQLiteCheckpointStore(tmp_path / "store.db")
    good = Checkpoint(key=KEY, due_at=datetime.now(UTC))
    bad = Checkpoint(key=AccountKey("app", "two"), due_at=datetime.now(UTC), round=2**70)
    results = await asyncio.gather(
        store.put(bad, expected_version=0), store.put(good, expected_version=0), return_exceptions=True
    )
    assert [type(result) for result in results] == [StoreError, Checkpoint]
    with pytest.raises(StoreError):
        await store.put(bad, expected_version=0)
    other = SQLiteCheckpointStore(tmp_path / "store.db")
    await other.put(Checkpoint(key=AccountKey("app", "3"), due_at=datetime.now(UTC)), expected_version=0)
    await other.aclose()
    await store.aclose()


async def test_a_put_whose_shared_commit_is_cancelled_is_still_stored(tmp_path: Path) -> None:
    store = SQLiteTokenStore(tmp_path / "store.db")
    await store.get(KEY)
    before = asyncio.all_tasks()
    put = asyncio.ensure_future(store.put(make_token(KEY), expected_version=None))
    while not (working := asyncio.all_tasks() - before - {put}):
        await asyncio.sleep(0)
    for task in working:
        task.cancel()
    assert (await put).version == 1
    await store.put(make_token(AccountKey("app", "two")), expected_version=0)
    await store.aclose()


# Users and folders


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that every user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="store-"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o700)
    shutil.rmtree(folder)


STRANGER = 65_534


async def test_a_folder_that_cannot_be_written_is_named_with_the_user(shared: Path) -> None:
    def work() -> str:
        return outcome(lambda: SQLiteTokenStore(shared / "tokens.db").get(KEY))

    shared.chmod(0o555)
    output = in_child(work, user=STRANGER)
    assert output.startswith(
        f"StoreError: The SQLite store {shared / 'tokens.db'} cannot be written: Permission denied."
    )
    assert f"may not write to {shared} (of user" in output
    assert "tokens.db-wal" in output


@pytest.mark.parametrize("mode", [0o644, 0o600])
async def test_a_file_of_another_user_is_named_with_its_owner(shared: Path, mode: int) -> None:
    if os.geteuid() != 0:
        # Only root can give files to another user; otherwise the test uses our own file without the right to write.
        mode = 0o444
    path = shared / "tokens.db"
    store = SQLiteTokenStore(path)
    await store.get(KEY)
    await store.aclose()
    path.chmod(mode)
    output = in_child(lambda: outcome(lambda: SQLiteTokenStore(path).get(KEY)), user=STRANGER)
    assert f"{path} (of user " in output
    assert f"mode {mode:04o})" in output
    assert "chown" in output


async def test_a_side_file_of_another_user_is_named(shared: Path) -> None:
    path = shared / "tokens.db"
    store = SQLiteTokenStore(path)
    await store.put(make_token(KEY), expected_version=0)
    shared.chmod(0o777)
    path.chmod(0o666)
    Path(f"{path}-shm").chmod(0o444)
    Path(f"{path}-wal").chmod(0o444)

    async def write() -> object:
        other = SQLiteTokenStore(path)
        return await other.put(make_token(KEY), expected_version=None)

    output = in_child(lambda: outcome(write), user=STRANGER)
    assert "StoreError" in output
    assert f"{path}-shm (of user " in output
    await store.aclose()


# Clocks


class Shifted(SystemClock):
    """The clocks of a machine after the wall clock was set, or after a restart, which resets the monotonic clock."""

    wall = timedelta(0)
    steady = 0.0

    def now(self) -> datetime:
        return super().now() + self.wall

    def monotonic(self) -> float:
        return super().monotonic() + self.steady


@pytest.mark.parametrize("kind", [SQLiteTokenStore, SQLiteCheckpointStore])
async def test_a_wall_clock_that_is_set_neither_ends_nor_prolongs_a_lease(tmp_path: Path, kind: Any) -> None:
    clock = Shifted()
    one, two = kind(tmp_path / "store.db", clock=clock), kind(tmp_path / "store.db", clock=clock)
    for taken, looked in ((timedelta(days=1), timedelta(0)), (timedelta(0), timedelta(days=1))):
        clock.wall, clock.steady = taken, 0.0
        lease = one.lease(KEY, ttl=MINUTE, wait=SOON)
        await lease.__aenter__()
        clock.wall = looked
        with pytest.raises(LeaseUnavailable):
            await two.lease(KEY, ttl=MINUTE, wait=SOON).__aenter__()
        clock.steady = 61.0  # its holder died; a minute later
        async with two.lease(KEY, ttl=MINUTE, wait=SOON) as won:
            assert await won.renew(MINUTE)
    await one.aclose()
    await two.aclose()


async def test_a_lease_from_before_the_last_boot_is_free(tmp_path: Path) -> None:
    clock = Shifted()
    store = SQLiteTokenStore(tmp_path / "store.db", clock=clock)
    assert await store.acquire_lease(KEY, "dead", MINUTE)
    clock.steady = -3600.0
    assert await store.acquire_lease(KEY, "next", MINUTE)
    await store.aclose()


async def test_a_lease_of_an_older_release_is_respected_and_ends_by_the_wall_clock(tmp_path: Path) -> None:
    clock = Shifted()
    store = SQLiteTokenStore(tmp_path / "store.db", clock=clock)
    assert await store.get(KEY) is None
    until = int((datetime.now(UTC) + MINUTE).timestamp() * 1e6)
    with sqlite3.connect(tmp_path / "store.db") as connection:
        connection.execute("INSERT INTO leases VALUES ('app', 'one', 'of-0.1', ?)", (until,))
    connection.close()
    assert await store.acquire_lease(KEY, "new", MINUTE) is None
    clock.wall = timedelta(seconds=61)
    assert await store.acquire_lease(KEY, "new", MINUTE) is not None
    with sqlite3.connect(tmp_path / "store.db") as connection:
        # The condition of an older release: whether it ends later than now by the wall clock.
        ((until,),) = connection.execute("SELECT until FROM leases").fetchall()
    connection.close()
    assert 0 < until / 1e6 - (datetime.now(UTC) + clock.wall).timestamp() <= 60
    await store.aclose()


async def put(store: SQLiteTokenStore, name: str = "note") -> bool:
    return await store.put_note(KEY, name, b"kept", ttl=MINUTE, only_if_absent=True)


def as_after_a_restart(path: Path) -> None:
    """Change the notes in the file: they are of the boot before this one."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE notes SET boot = 'the boot before this one'")


async def test_a_wall_clock_that_is_set_neither_ends_nor_prolongs_a_note(tmp_path: Path) -> None:
    clock = Shifted()
    one, two = (SQLiteTokenStore(tmp_path / "store.db", clock=clock) for _ in range(2))
    for stored, looked in ((DAY, timedelta(0)), (timedelta(0), DAY)):
        clock.wall = stored
        assert await put(one)
        clock.wall = looked
        assert not await put(two)
        assert await put(two, f"another, {stored}")  # deletes those that have ended
        assert await two.get_note(KEY, "note") == b"kept"
        clock.steady += 61.0
        assert await two.get_note(KEY, "note") is None
        assert not await two.delete_note(KEY, "note")
    assert await put(two)
    await one.aclose()
    await two.aclose()


@pytest.mark.parametrize("steady", [-3600.0, 3600.0])
async def test_a_note_from_before_the_last_boot_lasts_for_the_rest_of_its_ttl(tmp_path: Path, steady: float) -> None:
    clock = Shifted()
    store = SQLiteTokenStore(tmp_path / "store.db", clock=clock)
    assert await put(store)
    as_after_a_restart(tmp_path / "store.db")
    clock.steady, clock.wall = steady, timedelta(seconds=40)
    assert await store.get_note(KEY, "note") == b"kept"
    assert not await put(store)
    clock.wall += DAY  # it ends by the monotonic clock of this boot now
    assert await store.get_note(KEY, "note") == b"kept"
    clock.steady += 21.0
    assert await store.get_note(KEY, "note") is None
    assert await put(store)
    await store.aclose()


async def test_a_note_that_a_wrong_clock_stored_before_the_last_boot_lasts_no_longer_than_its_ttl(
    tmp_path: Path,
) -> None:
    clock = Shifted()
    store = SQLiteTokenStore(tmp_path / "store.db", clock=clock)
    clock.wall = DAY
    assert await put(store)
    as_after_a_restart(tmp_path / "store.db")
    clock.wall = timedelta(0)
    assert not await put(store)
    clock.steady += 61.0
    assert await put(store)
    await store.aclose()


async def test_a_note_lasts_no_longer_than_its_ttl_on_a_system_without_a_boot_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clocks, "_BOOT_ID", tmp_path / "missing")
    clocks._boot_id.cache_clear()
    try:
        clock = Shifted()
        store = SQLiteTokenStore(tmp_path / "store.db", clock=clock)
        clock.wall = DAY
        assert await put(store)
        clock.wall = timedelta(0)
        assert not await put(store)
        clock.steady += 61.0
        clock.wall += timedelta(seconds=61)
        assert await put(store)
        await store.aclose()
    finally:
        clocks._boot_id.cache_clear()


async def test_notes_of_an_older_release_end_when_it_said(tmp_path: Path) -> None:
    path, clock = tmp_path / "store.db", Shifted()
    until = int((clock.now() + MINUTE).timestamp() * 1e6)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(";".join(file._MIGRATIONS[:3]))
        connection.execute("INSERT INTO notes VALUES ('app', 'one', 'note', ?, ?)", (until, b"kept"))
        connection.execute(f"PRAGMA application_id = {file._APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 3")
    store = SQLiteTokenStore(path, clock=clock)
    assert await store.get_note(KEY, "note") == b"kept"
    clock.wall = timedelta(seconds=61)
    assert await store.get_note(KEY, "note") is None
    clock.wall = timedelta(0)
    assert not await put(store)
    clock.steady = 61.0
    assert await put(store)
    await store.aclose()


# Forks


@pytest.mark.parametrize("busy", [False, True])
@pytest.mark.parametrize(
    "work",
    [
        lambda store: store.get(KEY),
        lambda store: store.put(make_token(KEY), expected_version=None),
        lambda store: store.acquire_lease(KEY, "child", MINUTE),
        lambda store: store.get_note(KEY, "note"),
    ],
)
async def test_a_store_that_was_used_before_a_fork_raises_an_error_in_the_child(
    tmp_path: Path, *, busy: bool, work: Any
) -> None:
    store = SQLiteTokenStore(tmp_path / "store.db")
    await store.get(KEY)
    waiting = [asyncio.ensure_future(store.get(AccountKey("app", str(n)))) for n in range(3 if busy else 0)]
    waiting += [asyncio.ensure_future(store.put(make_token(AccountKey("app", "x")), expected_version=None))] * busy
    await asyncio.sleep(0)

    async def use() -> None:
        try:
            await work(store)
        finally:
            await store.aclose()

    output = in_child(lambda: in_new_loop(use))
    assert output.startswith("StoreError: The SQLite store")
    assert "was used before this process was forked" in output
    await asyncio.gather(*waiting)
    await store.put(make_token(KEY), expected_version=None)
    await store.aclose()


async def test_a_store_that_was_made_before_a_fork_is_used_after_it(tmp_path: Path) -> None:
    store = SQLiteTokenStore(tmp_path / "store.db")

    async def use() -> str | None:
        stored = await store.put(make_token(KEY), expected_version=0)
        await store.aclose()
        return stored.key.open_id

    assert in_child(lambda: in_new_loop(use)) == "'one'"
    found = await store.get(KEY)
    assert found is not None
    await store.aclose()


# Data that stays on the disk


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use SQLite with its default: deleted data stays in the file."""
    connect = sqlite3.connect

    def plain(*args: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **options)
        connection.execute("PRAGMA secure_delete = OFF").fetchall()
        return connection

    monkeypatch.setattr(sqlite3, "connect", plain)


def canaries(path: Path) -> int:
    return path.read_bytes().count(b"canary")


@pytest.mark.usefixtures("forgetful")
async def test_no_part_of_a_token_stays_in_the_file_after_its_deletion(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = SQLiteTokenStore(path)
    keys = [AccountKey("app", f"account-{n}") for n in range(400)]
    tokens = [make_token(key, refresh_token=Secret(f"rft.canary{'x' * 60}")) for key in keys]
    await store.put_many([(token, 0) for token in tokens])
    await store.aclose()
    assert canaries(path)
    store = SQLiteTokenStore(path)
    await asyncio.gather(*(store.delete(key) for key in keys))
    await store.aclose()
    assert canaries(path) == 0


@pytest.mark.usefixtures("forgetful")
async def test_no_part_of_a_plain_token_stays_in_the_file_after_its_encryption(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = SQLiteTokenStore(path)
    keys = [AccountKey("app", f"account-{n}") for n in range(400)]
    await store.put_many([(make_token(key, refresh_token=Secret("rft.canary")), 0) for key in keys])
    await store.aclose()
    assert canaries(path)
    store = SQLiteTokenStore(path)
    encrypted = EncryptedTokenStore(store, [generate_store_key()], allow_plaintext=True)
    assert await encrypted.rotate("app") == 400
    await store.aclose()
    assert canaries(path) == 0
