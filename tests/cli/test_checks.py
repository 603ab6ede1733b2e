"""Which settings the checks of `doctor` call dangerous, doubtful or good."""

import base64
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.conftest import RedisServer
from tiktok_async.cli.checks.filesystem import network_filesystem
from tiktok_async.cli.checks.finding import Finding, Level
from tiktok_async.cli.checks.keys import check_keys
from tiktok_async.cli.checks.pull_urls import judged
from tiktok_async.cli.checks.redis import check_redis
from tiktok_async.cli.checks.sqlite import check_sqlite
from tiktok_async.cli.checks.store_key import check_store_key
from tiktok_async.stores import SQLiteTokenStore, generate_store_key


async def findings_of(server: RedisServer, settings: dict[str, str]) -> list[Finding]:
    client = Redis.from_url(server.url)
    for name, value in settings.items():
        await client.config_set(name, value)
    await client.aclose()
    return [finding async for finding in check_redis(server.url)]


# The server of the tests starts with: appendonly yes, appendfsync everysec, save "", noeviction.
@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"appendonly": "no"}, 'appendonly no with save ""'),
        ({"appendonly": "no", "save": "3600 1"}, "appendonly no"),
        ({"appendfsync": "no"}, "appendfsync no"),
        ({"no-appendfsync-on-rewrite": "yes"}, "no-appendfsync-on-rewrite yes"),
        ({"maxmemory-policy": "allkeys-lru"}, "maxmemory-policy allkeys-lru"),
        ({"maxmemory-policy": "allkeys-lfu"}, "maxmemory-policy allkeys-lfu"),
        ({"maxmemory-policy": "allkeys-random"}, "maxmemory-policy allkeys-random"),
        ({"maxmemory-policy": "volatile-lru"}, "maxmemory-policy volatile-lru"),
        ({"maxmemory-policy": "volatile-lfu"}, "maxmemory-policy volatile-lfu"),
        ({"maxmemory-policy": "volatile-ttl"}, "maxmemory-policy volatile-ttl"),
        ({"maxmemory-policy": "volatile-random"}, "maxmemory-policy volatile-random"),
    ],
)
async def test_each_dangerous_setting_of_redis_is_named(
    own_redis: RedisServer, settings: dict[str, str], named: str
) -> None:
    (finding,) = await findings_of(own_redis, settings)
    assert (finding.level, finding.what) == (Level.DANGEROUS, f"It has {named}.")
    assert finding.advice


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"appendfsync": "always"},
        {"save": "3600 1 300 100 60 10000"},
        {"maxmemory": "500mb"},
        {"auto-aof-rewrite-percentage": "50", "aof-use-rdb-preamble": "no"},
    ],
)
async def test_good_settings_of_redis_are_ok(own_redis: RedisServer, settings: dict[str, str]) -> None:
    (finding,) = await findings_of(own_redis, settings)
    assert finding.level == Level.OK


MP4 = {"Content-Type": "video/mp4", "Content-Range": "bytes 0-1023/5000"}


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (206, MP4, [(Level.OK, "answers with video/mp4, without a redirect, and supports ranges")]),
        (
            206,
            {**MP4, "Content-Type": "image/webp; q=1"},
            [(Level.OK, "answers with image/webp, without a redirect, and supports ranges")],
        ),
        (200, {"Content-Type": "video/mp4"}, [(Level.DOUBTFUL, "supports no ranges")]),
        (206, {**MP4, "Content-Type": "text/html"}, [(Level.DOUBTFUL, "has the Content-Type 'text/html'")]),
        (206, {**MP4, "Content-Type": "image/png"}, [(Level.DOUBTFUL, "has the Content-Type 'image/png'")]),
        (206, {}, [(Level.DOUBTFUL, "has no Content-Type")]),
        (206, {**MP4, "Content-Range": "bytes 0-1023/4294967297"}, [(Level.DANGEROUS, "has 4,294,967,297 bytes")]),
        (
            200,
            {"Content-Type": "image/jpeg", "Content-Length": "20000001"},
            [(Level.DANGEROUS, "has 20,000,001 bytes"), (Level.DOUBTFUL, "supports no ranges")],
        ),
        (301, MP4, [(Level.DANGEROUS, "redirects (301)")]),
        (403, MP4, [(Level.DANGEROUS, "answers 403")]),
    ],
)
def test_the_answer_of_a_pull_url_is_judged_by_tiktoks_rules(
    status: int, headers: dict[str, str], expected: list[tuple[Level, str]]
) -> None:
    found = list(judged(status, headers))
    assert [(level, what) for level, what, _ in found] == expected
    assert all(advice for *_, advice in found)


async def test_a_replica_is_dangerous(own_redis: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> None:
    replica = RedisServer(tmp_path_factory.mktemp("replica"), "--replicaof", "127.0.0.1", str(own_redis.port))
    replica.start()
    try:
        assert [finding.what for finding in await findings_of(replica, {})] == ["It has role replica."]
    finally:
        replica.stop()


async def test_a_redis_that_does_not_show_its_settings_is_doubtful(tmp_path: Path) -> None:
    server = RedisServer(tmp_path, "--user", "sdk", "on", ">secret", "~*", "+@all", "-@admin", "-@dangerous")
    server.start()
    try:
        (finding,) = [found async for found in check_redis(server.url.replace("://", "://sdk:secret@"))]
    finally:
        server.stop()
    assert (finding.level, "CONFIG GET and INFO" in finding.what) == (Level.DOUBTFUL, True)


@pytest.fixture
async def store(tmp_path: Path) -> Path:
    path = tmp_path / "tokens.db"
    tmp_path.chmod(0o700)
    made = SQLiteTokenStore(path)
    assert [key async for key in made.keys("app")] == []
    await made.aclose()
    return path


def levels(file: Path | str) -> set[Level]:
    return {finding.level for finding in check_sqlite(str(file))}


def test_a_private_file_is_good(store: Path) -> None:
    assert levels(store) == {Level.OK}
    assert levels(store.with_name("new.db")) == {Level.OK}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o602])
def test_a_file_that_others_may_open_is_dangerous(store: Path, mode: int) -> None:
    store.chmod(mode)
    assert levels(store) == {Level.DANGEROUS}


def test_a_side_file_that_others_may_open_is_dangerous(store: Path) -> None:
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("SELECT count(*) FROM tokens").fetchall()
        Path(f"{store}-wal").chmod(0o644)
        assert levels(store) == {Level.DANGEROUS}
    connection.close()


def test_a_folder_that_others_may_write_to_is_dangerous_unless_it_is_sticky(store: Path) -> None:
    store.parent.chmod(0o777)
    assert levels(store) == {Level.DANGEROUS}
    store.parent.chmod(0o1777)
    assert levels(store) == {Level.OK}


def test_a_store_in_memory_or_in_a_missing_folder_is_dangerous(tmp_path: Path) -> None:
    assert levels(":memory:") == {Level.DANGEROUS}
    assert levels(tmp_path / "nowhere" / "tokens.db") == {Level.DANGEROUS}


@pytest.mark.parametrize(
    ("kind", "network"),
    [
        ("nfs4", True),
        ("cifs", True),
        ("fuse.sshfs", True),
        ("9p", True),
        ("ext4", False),
        ("overlay", False),
        ("tmpfs", False),
        ("fuse.lxcfs", False),
    ],
)
def test_network_file_systems_are_found_in_the_mount_table(tmp_path: Path, kind: str, *, network: bool) -> None:
    mounts = tmp_path / "mountinfo"
    (tmp_path / "a disk").mkdir()
    point = str(tmp_path.resolve() / "a disk").replace(" ", "\\040")
    mounts.write_text(
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
        f"36 22 0:30 / {point} rw master:1 shared:7 - ext4 /dev/sdb1 rw\n"
        f"37 36 0:31 /export {point} rw,noatime - {kind} server:/export rw,vers=4.2\n"
    )
    assert network_filesystem(tmp_path / "a disk" / "tokens.db", mounts) == (kind if network else None)
    assert network_filesystem(tmp_path / "a diskette.db", mounts) is None


def test_the_mount_table_of_this_machine_can_be_read(tmp_path: Path) -> None:
    assert network_filesystem(tmp_path / "tokens.db") is None
    assert network_filesystem(tmp_path / "tokens.db", tmp_path / "no table") is None


def worst(findings: Iterator[Finding]) -> tuple[Level, str]:
    found = list(findings)
    order = list(Level)
    finding = max(found, key=lambda one: order.index(one.level))
    return finding.level, " ".join(one.what for one in found)


def test_random_store_keys_are_good() -> None:
    keys = [generate_store_key() for _ in range(200)]
    assert {worst(check_store_key(key))[0] for key in keys} == {Level.OK}
    assert worst(check_store_key(f"{keys[0]}, {keys[1]}"))[0] == Level.OK


@pytest.mark.parametrize(
    "raw", [bytes(32), b"correct horse battery staple 123", bytes(range(8)) * 4, bytes(range(16)), bytes(range(33))]
)
def test_store_keys_that_could_be_guessed_are_dangerous_and_not_shown(raw: bytes) -> None:
    key = base64.urlsafe_b64encode(raw).decode()
    level, what = worst(check_store_key(f"{generate_store_key()},{key}"))
    assert level == Level.DANGEROUS
    assert "Key 2" in what
    assert key not in what


@pytest.mark.parametrize("value", [None, "", " , "])
def test_a_missing_store_key_is_doubtful(value: str | None) -> None:
    assert worst(check_store_key(value))[0] == Level.DOUBTFUL


def test_a_repeated_store_key_is_doubtful() -> None:
    key = generate_store_key()
    assert worst(check_store_key(f"{key},{key}"))[0] == Level.DOUBTFUL


@pytest.mark.parametrize(
    ("key", "secret"),
    [(None, "s"), ("k", None), ("k", "s\n"), (" k", "s"), ('"k"', "s"), ("k", "'s'"), ("same", "same"), ("k", "a b")],
)
def test_invalid_keys_are_dangerous_and_not_shown(key: str | None, secret: str | None) -> None:
    level, what = worst(check_keys(key, secret))
    assert level == Level.DANGEROUS
    assert "same" not in what.replace("are the same", "")


def test_valid_keys_are_good() -> None:
    assert worst(check_keys("aw1234567890", "0123456789abcdef"))[0] == Level.OK
