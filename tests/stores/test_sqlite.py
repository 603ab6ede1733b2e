"""What the SQLite store promises beyond the contract: the file, the thread and the shared commits."""

import asyncio
import logging
import os
import random
import sqlite3
import string
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tiktok_async.errors import StoreError, TokenConflict
from tiktok_async.models import AccountKey, Secret, StoreUnsafe, Token
from tiktok_async.stores import SQLiteTokenStore
from tiktok_async.testing._store_records import make_token
from tiktok_async_stores.sqlite import file, worker

KEY = AccountKey("app", "one")


async def refused(path: Path) -> str:
    """Return why the store at *path* is refused, twice: a failed opening must not be remembered."""
    store = SQLiteTokenStore(path)
    try:
        with pytest.raises(StoreError) as first:
            await store.get(KEY)
        with pytest.raises(StoreError) as second:
            await store.put(make_token(KEY), expected_version=None)
    finally:
        await store.aclose()
    assert str(first.value) == str(second.value)
    assert str(path) in str(first.value)
    return str(first.value)


async def test_a_constructor_opens_no_file_and_the_files_are_private_to_their_owner(tmp_path: Path) -> None:
    store = SQLiteTokenStore(tmp_path / "tokens.db")
    assert list(tmp_path.iterdir()) == []
    await store.put(make_token(KEY), expected_version=0)
    assert {path.name for path in tmp_path.iterdir()} == {"tokens.db", "tokens.db-wal", "tokens.db-shm"}
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    await store.aclose()


def test_the_log_is_copied_into_the_file_when_it_has_8000_pages(tmp_path: Path) -> None:
    with closing(file.connect(str(tmp_path / "tokens.db"))) as connection:
        assert connection.execute("PRAGMA wal_autocheckpoint").fetchall() == [(8_000,)]


async def test_a_closed_store_raises_store_error(tmp_path: Path) -> None:
    store = SQLiteTokenStore(tmp_path / "tokens.db")
    await store.aclose()
    for work in (store.get(KEY), store.put(make_token(KEY), expected_version=None), store.delete(KEY)):
        with pytest.raises(StoreError, match="closed"):
            await work
    assert list(tmp_path.iterdir()) == []


async def test_a_directory_is_refused(tmp_path: Path) -> None:
    assert "is a directory" in await refused(tmp_path)


async def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    assert f"the directory {tmp_path / 'no'} does not exist" in await refused(tmp_path / "no" / "tokens.db")


async def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may write anything, so the answer of the system is replaced.
    def deny(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", deny)
    assert "cannot be written: Permission denied" in await refused(tmp_path / "tokens.db")


async def test_a_read_only_database_is_refused_when_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "tokens.db"
    store = SQLiteTokenStore(path)
    await store.put(make_token(KEY), expected_version=0)
    await store._worker.read(lambda connection: connection.execute("PRAGMA query_only = 1").fetchall())
    with pytest.raises(StoreError, match="readonly"):
        await store.put(make_token(KEY), expected_version=1)
    assert await store.get(KEY) is not None
    await store.aclose()


async def test_a_file_that_is_not_a_database_is_refused_and_left_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("milk, bread\n" * 200)
    assert "is not a SQLite file" in await refused(path)
    assert path.read_text() == "milk, bread\n" * 200


async def test_another_programs_database_is_refused_and_left_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE tokens (mine)")
    connection.close()
    before = path.read_bytes()
    assert "another program's" in await refused(path)
    assert path.read_bytes() == before


async def test_a_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokens.db"
    store = SQLiteTokenStore(path)
    await store.get(KEY)
    await store.aclose()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert "schema 99" in await refused(path)


async def test_a_damaged_record_raises_an_error_with_its_account_and_leaves_the_others_readable(tmp_path: Path) -> None:
    path = tmp_path / "tokens.db"
    store = SQLiteTokenStore(path)
    await store.put(make_token(KEY), expected_version=0)
    await store.put(make_token(AccountKey("app", "two")), expected_version=0)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE tokens SET body = 'canary' WHERE open_id = 'one'")
    connection.close()
    with pytest.raises(StoreError, match="account one") as caught:
        await store.get(KEY)
    assert "canary" not in str(caught.value)
    assert await store.get(AccountKey("app", "two")) is not None
    await store.aclose()


async def test_a_hundred_puts_that_wait_share_one_commit_and_fail_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = list[int]()
    commit = worker._commit

    def spy(connection: sqlite3.Connection, jobs: list[object]) -> list[object]:
        batches.append(len(jobs))
        return commit(connection, jobs)  # type: ignore[arg-type]  # jobs of any result

    store = SQLiteTokenStore(tmp_path / "tokens.db")
    await store.put(make_token(AccountKey("app", "user-7")), expected_version=0)
    monkeypatch.setattr(worker, "_commit", spy)
    results = await asyncio.gather(
        *(store.put(make_token(AccountKey("app", f"user-{n}")), expected_version=0) for n in range(100)),
        return_exceptions=True,
    )
    assert batches == [100]
    assert [n for n, result in enumerate(results) if not isinstance(result, Token)] == [7]
    assert isinstance(results[7], TokenConflict)
    await store.aclose()


async def test_a_write_that_fails_its_transaction_does_not_fail_other_writes(tmp_path: Path) -> None:
    store = SQLiteTokenStore(tmp_path / "tokens.db")
    names = ["one", "lone surrogate \ud800", "two"]
    results = await asyncio.gather(
        *(store.put(make_token(AccountKey("app", name)), expected_version=0) for name in names), return_exceptions=True
    )
    assert [type(result) for result in results] == [Token, StoreError, Token]
    assert await store.get(AccountKey("app", "two")) == results[2]
    await store.aclose()


async def test_closing_waits_for_running_writes(tmp_path: Path) -> None:
    store = SQLiteTokenStore(tmp_path / "tokens.db")
    puts = [
        asyncio.ensure_future(store.put(make_token(AccountKey("app", f"user-{n}")), expected_version=0))
        for n in range(20)
    ]
    await asyncio.wait(puts, return_when=asyncio.FIRST_COMPLETED)
    await store.aclose()
    assert all(isinstance(put.result(), Token) for put in puts)


async def test_closing_continues_when_its_caller_is_cancelled(tmp_path: Path) -> None:
    for turns in range(8):
        store = SQLiteTokenStore(tmp_path / "tokens.db")
        await store.put(make_token(KEY), expected_version=None)
        closing = asyncio.ensure_future(store.aclose())
        for _ in range(turns):
            await asyncio.sleep(0)
        closing.cancel()
        await asyncio.wait({closing})
        await store.aclose()
        assert [path.name for path in tmp_path.iterdir()] == ["tokens.db"]


async def test_the_log_records_of_psycopg_show_no_secret(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    store = SQLiteTokenStore(tmp_path / "tokens.db")
    token = make_token(KEY, access_token=Secret("act.canary"), refresh_token=Secret("rft.canary"))
    await store.put(token, expected_version=0)
    await store.get(KEY)
    with pytest.raises(TokenConflict):
        await store.put(token, expected_version=0)
    async with store.lease(KEY, ttl=timedelta(minutes=1), wait=timedelta(0)):
        pass
    await store.aclose()
    assert "aiosqlite" in caplog.text
    assert "canary" not in caplog.text


async def test_a_file_that_others_may_read_is_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "tokens.db"
    path.touch()
    path.chmod(0o644)
    reported = list[StoreUnsafe]()
    store = SQLiteTokenStore(path, on_unsafe=reported.append)
    await store.get(KEY)
    await store.aclose()
    assert [finding.setting for finding in reported] == ["mode 0644"]
    assert "chmod 600" in reported[0].advice
    assert "mode 0644" in caplog.text


SCRIPT = """
import asyncio, sys
from datetime import timedelta
from tiktok_async.models import AccountKey
from tiktok_async.stores import SQLiteTokenStore
from tiktok_async.testing._store_records import make_token

kept = []

async def main():
    store = SQLiteTokenStore(sys.argv[1])
    {keep}
    {work}

asyncio.run(main())
print("done")
"""


@pytest.mark.parametrize("keep", ["pass", "kept.append(store)"])
@pytest.mark.parametrize(
    "work",
    [
        "await store.put(make_token(AccountKey('app', 'one')), expected_version=None)",
        "asyncio.ensure_future(store.get(AccountKey('app', 'one'))); await asyncio.sleep(0)",
        "await store.lease(AccountKey('app', 'one'), ttl=timedelta(9), wait=timedelta(0)).__aenter__()",
    ],
)
def test_a_store_that_was_not_closed_lets_the_interpreter_end(tmp_path: Path, keep: str, work: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(keep=keep, work=work))
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "tokens.db")],
        timeout=100,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "done\n"
    assert done.returncode == 0


async def test_a_token_takes_at_most_350_bytes_of_the_file(tmp_path: Path) -> None:
    path, count = tmp_path / "tokens.db", 4000
    store = SQLiteTokenStore(path)
    app, names = "aw1234567890abcdef", ("access_token", "refresh_token")
    keys = [AccountKey(app, f"723f24d7-e717-40f8-a2b6-{n:012x}") for n in range(count)]
    # Tokens as long as TikTok's real ones: 72 characters.
    letters = random.Random(1)
    tokens = [
        make_token(
            key, **{name: Secret("act." + "".join(letters.choices(string.ascii_letters, k=68))) for name in names}
        )
        for key in keys
    ]
    for start in range(0, count, 500):
        await asyncio.gather(*(store.put(token, expected_version=0) for token in tokens[start : start + 500]))
    await store.aclose()
    assert path.stat().st_size / count <= 350
