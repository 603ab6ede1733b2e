"""The `doctor` command: a table, JSON, an exit code, and no secret."""

import json
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from redis.asyncio import Redis

from tests.cli.conftest import Done, Shell
from tests.conftest import RedisServer
from tests.postgres_server import PostgresServer, new_schema
from tiktok_async.cli.checks.postgres import _connection
from tiktok_async.stores import generate_store_key


def found(done: Done, level: str) -> dict[str, str]:
    """Return the findings of *level* in a JSON run, by subject."""
    lines = [json.loads(line) for line in done.out.splitlines()]
    return {line["subject"]: line["what"] for line in lines if line["level"] == level}


@pytest.fixture
def healthy(shell: Shell) -> Shell:
    shell.environment["TIKTOK_STORE_KEY"] = generate_store_key()
    return shell


async def test_a_healthy_configuration_has_only_ok_findings(healthy: Shell) -> None:
    done = await healthy.run("doctor", "--redirect-uri", "https://app.example.com/callback/", "--json")
    assert (done.code, done.err) == (0, "")
    assert found(done, "dangerous") == found(done, "doubtful") == {}
    assert set(found(done, "ok")) == {"keys", "redirect URI", "server", "clock", "SQLite", "store key"}
    plain = await healthy.run("doctor")
    assert all(line.split("\t")[1] == "ok" for line in plain.out.splitlines())
    assert not list(healthy.folder.glob("tokens.db*")), "doctor created a store"


async def test_missing_keys_are_dangerous_and_the_other_checks_still_run(healthy: Shell) -> None:
    healthy.environment_without("TIKTOK_CLIENT_KEY", "TIKTOK_CLIENT_SECRET")
    done = await healthy.run("doctor", "--json")
    assert done.code == 1
    assert "TIKTOK_CLIENT_" in found(done, "dangerous")["keys"]
    assert "SQLite" in found(done, "ok")
    assert "2 of " in done.err


async def test_a_redirect_uri_that_tiktok_would_refuse_is_dangerous(healthy: Shell) -> None:
    done = await healthy.run(
        "doctor", "--redirect-uri", "http://app.example.com/", "--redirect-uri", "https://ok.example.com/", "--json"
    )
    assert done.code == 1
    assert "must be https" in found(done, "dangerous")["redirect URI"]
    assert "ok.example.com" in found(done, "ok")["redirect URI"]


async def test_more_redirect_uris_than_an_app_can_register_are_dangerous(healthy: Shell) -> None:
    uris = [f"https://app{number}.example.com/" for number in range(11)]
    given = [word for uri in [*uris, uris[0]] for word in ("--redirect-uri", uri)]
    done = await healthy.run("doctor", *given, "--json")
    assert (done.code, done.err.strip()) == (1, "tiktok-async: 1 of 17 findings is dangerous.")
    assert found(done, "dangerous")["redirect URI"] == "There are 11, and an app can register 10 at most."


async def test_a_pull_url_is_checked_by_tiktoks_rules_and_its_query_is_not_shown(healthy: Shell) -> None:
    async def moved(_: web.Request) -> web.Response:
        raise web.HTTPFound("/clip.mp4")

    app = web.Application()
    app.router.add_get("/moved.mp4", moved)
    async with TestServer(app) as server:
        address = f"http://127.0.0.1:{server.port}/moved.mp4?signature=hunter2"
        done = await healthy.run("doctor", "--pull-url", address, "--json")
    lines = [json.loads(line) for line in done.out.splitlines()]
    findings = [line["what"] for line in lines if line["subject"] == "pull URL"]
    assert done.code == 1
    assert "must be a public https URL" in findings[0]
    assert findings[1] == "127.0.0.1/moved.mp4 redirects (302)."
    assert "hunter2" not in done.out + done.err


@pytest.mark.parametrize(("ahead", "level"), [(0, "ok"), (15, "doubtful"), (60, "dangerous")])
async def test_the_clock_is_compared_with_the_servers_date(healthy: Shell, ahead: int, level: str) -> None:
    healthy.emulator.clock.advance(ahead)
    done = await healthy.run("doctor", "--json")
    assert "clock" in found(done, level)
    assert done.code == (1 if level == "dangerous" else 0)


async def test_a_server_that_does_not_answer_is_dangerous(healthy: Shell) -> None:
    await healthy.emulator.aclose()
    done = await healthy.run("doctor", "--json")
    assert done.code == 1
    assert "does not answer" in found(done, "dangerous")["server"]


async def test_scopes_are_compared_with_the_grants_of_the_accounts(shell: Shell) -> None:
    await shell.log_in(shell.emulator.add_user())
    await shell.log_in(shell.emulator.add_user(scopes={"user.info.basic"}))
    some = await shell.run("doctor", "--scopes", "user.info.basic,video.list", "--json")
    assert some.code == 0, some.err
    assert "video.list was not granted by account" in found(some, "doubtful")["scopes"]
    none = await shell.run("doctor", "--scopes", "research.data.basic", "--json")
    assert none.code == 1
    assert "2 accounts" in found(none, "dangerous")["scopes"]
    misspelt = await shell.run("doctor", "--scopes", "user.info.basc", "--json")
    assert "is not a known scope" in misspelt.out


async def test_a_store_key_that_decrypts_no_account_is_dangerous(shell: Shell) -> None:
    await shell.log_in(shell.emulator.add_user())
    shell.environment["TIKTOK_STORE_KEY"] = generate_store_key()
    done = await shell.run("doctor", "--json")
    assert done.code == 1
    assert "cannot decrypt 1 account" in found(done, "dangerous")["accounts"]


async def test_a_dangerous_redis_is_reported_with_advice_and_without_its_password(
    healthy: Shell, tmp_path: Path
) -> None:
    server = RedisServer(tmp_path, "--user", "default", "on", ">hunter2", "~*", "&*", "+@all", "--appendonly", "no")
    server.start()
    url = server.url.replace("://", "://default:hunter2@")
    try:
        done = await healthy.run("doctor", "--store", url, "--debug", "-vvv")
        assert done.code == 1
        assert 'appendonly no with save ""' in done.out
        assert "CONFIG REWRITE" in done.out
        assert "hunter2" not in done.out + done.err
        client = Redis.from_url(url)
        await client.config_set("appendonly", "yes")
        await client.aclose()
        assert (await healthy.run("doctor", "--store", url)).code == 0
    finally:
        server.stop()
    gone = await healthy.run("doctor", "--store", url, "--json")
    assert "cannot be read" in found(gone, "dangerous")["store"]
    assert "hunter2" not in gone.out + gone.err


@pytest.mark.postgres
async def test_a_database_without_tables_is_checked_and_not_changed(
    healthy: Shell, safe_postgres: PostgresServer
) -> None:
    schema, postgres = new_schema(), safe_postgres
    url = postgres.url(schema=schema)
    done = await healthy.run("doctor", "--store", url, "--json")
    assert done.code == 0, done.err
    assert found(done, "ok")["PostgreSQL"] == "Its data is durable. The first login will make its tables."
    assert postgres.execute(f"SELECT to_regnamespace('{schema}')") == [(None,)]


@pytest.mark.postgres
async def test_a_dangerous_postgres_is_reported_with_advice_and_without_its_password(
    healthy: Shell, postgres: PostgresServer
) -> None:
    role = new_schema()
    postgres.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'hunter2'", f"ALTER ROLE {role} SET synchronous_commit = off")
    url = f"postgresql://{role}:hunter2@127.0.0.1:{postgres.port}/postgres?schema={role}"
    done = await healthy.run("doctor", "--store", url, "--debug", "-vvv")
    assert done.code == 1
    assert "synchronous_commit off" in done.out
    assert "no right to make them" in done.out
    assert "hunter2" not in done.out + done.err
    gone = await healthy.run("doctor", "--store", url.replace(str(postgres.port), "1"), "--json")
    assert "cannot be read" in found(gone, "dangerous")["store"]
    assert "hunter2" not in gone.out + gone.err


def test_an_unencrypted_connection_to_another_machine_is_doubtful() -> None:
    assert [finding.level for finding in _connection("db.internal,127.0.0.1", "prefer")] == ["doubtful"]
    for hosts, mode in (("db.internal", "verify-full"), ("127.0.0.1", "prefer"), ("", "prefer"), ("/run", "prefer")):
        assert list(_connection(hosts, mode)) == []
