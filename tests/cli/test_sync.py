"""`tiktok-async sync`: it updates a table, and a run may be interrupted."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Shell
from tests.postgres_server import PostgresServer, new_schema
from tiktok_async.models import Endpoint


def _rows(path: Path) -> list[tuple[str, str, int]]:
    with closing(sqlite3.connect(path)) as connection, connection:
        rows = connection.execute("SELECT open_id, id, gone FROM videos").fetchall()
    connection.close()
    return rows


async def test_the_first_run_syncs_every_account_and_the_second_run_syncs_the_changes(shell: Shell) -> None:
    users = [shell.emulator.add_user(videos=number) for number in (3, 25, 0)]
    for user in users:
        await shell.log_in(user)
    first = await shell.run("sync", "--to", "videos.db", "--look-back", "10000")
    assert (first.code, first.out.split()) == (
        0,
        ["accounts", "3", "videos", "28", "gone", "0", "waits", "0", "failures", "0"],
    )
    ids = users[1].videos.ids()
    users[1].videos.remove(ids[2])
    users[1].videos.edit(ids[0], like_count=9)
    second = await shell.run("sync", "--to", "videos.db", "--look-back", "10000", "--json")
    lines = {line["open_id"]: line for line in map(json.loads, second.out.splitlines())}
    assert (lines[users[1].open_id]["videos"], lines[users[1].open_id]["gone"]) == (1, 1)
    assert (lines[users[0].open_id]["videos"], lines[users[0].open_id]["error"]) == (0, None)
    rows = _rows(shell.folder / "videos.db")
    assert len(rows) == 28
    assert [row[1] for row in rows if row[2]] == [ids[2]]


async def test_a_failed_account_stops_no_other_and_the_next_run_syncs_it(shell: Shell) -> None:
    good, bad = shell.emulator.add_user(videos=2), shell.emulator.add_user(videos=2)
    for user in (good, bad):
        await shell.log_in(user)
    shell.emulator.fail_next(Endpoint.VIDEO_LIST, status=400, code="invalid_params", user=bad)
    first = await shell.run("sync", "--to", "videos.db")
    assert first.code == 1
    assert bad.open_id in first.err
    assert "1 of 2 accounts failed" in first.err
    assert {row[0] for row in _rows(shell.folder / "videos.db")} == {good.open_id}
    second = await shell.run("sync", "--to", "videos.db")
    assert second.code == 0
    assert len(_rows(shell.folder / "videos.db")) == 4


async def test_a_file_of_another_program_is_not_changed(shell: Shell) -> None:
    with closing(sqlite3.connect(shell.folder / "other.db")) as connection, connection:
        connection.execute("CREATE TABLE precious (thing)")
    connection.close()
    await shell.log_in(shell.emulator.add_user(videos=1))
    done = await shell.run("sync", "--to", "other.db")
    assert done.code == 1
    assert "another program" in done.err


async def test_sync_without_a_file_is_a_usage_error(shell: Shell) -> None:
    assert (await shell.run("sync")).code == 2


@pytest.mark.postgres
async def test_the_table_may_be_in_postgres_and_the_second_run_syncs_the_changes(
    shell: Shell, postgres: PostgresServer
) -> None:
    user = shell.emulator.add_user(videos=25)
    await shell.log_in(user)
    schema = new_schema()
    first = await shell.run("sync", "--to", postgres.url(schema=schema), "--look-back", "10000")
    assert (first.code, first.out.split()[:4]) == (0, ["accounts", "1", "videos", "25"]), first.err
    ids = user.videos.ids()
    user.videos.remove(ids[2])
    user.videos.edit(ids[0], like_count=9)
    second = await shell.run("sync", "--to", postgres.url(schema=schema), "--look-back", "10000", "--json")
    (line,) = map(json.loads, second.out.splitlines())
    assert (line["videos"], line["gone"], line["error"]) == (1, 1, None)
    table = f"{schema}.videos"
    assert postgres.execute(f"SELECT id FROM {table} WHERE gone") == [(ids[2],)]
    assert postgres.execute(f"SELECT like_count FROM {table} WHERE id = '{ids[0]}'") == [(9,)]
    assert postgres.execute(f"SELECT count(*) FROM {table}") == [(25,)]


async def test_an_unknown_target_is_refused_and_a_sqlite_url_is_accepted(shell: Shell) -> None:
    await shell.log_in(shell.emulator.add_user(videos=1))
    refused = await shell.run("sync", "--to", "redis://127.0.0.1/0")
    assert refused.code == 2
    assert "SQLite file or to postgresql://" in refused.err
    assert (await shell.run("sync", "--to", "sqlite:///url.db")).code == 0
    assert len(_rows(shell.folder / "url.db")) == 1
