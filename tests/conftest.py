"""Fixtures that every test may use: the real services, and how long the long ones run."""

import asyncio
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from tiktok_async import Clock, TikTokSession
from tiktok_async.emulator import Emulator

if TYPE_CHECKING:
    from tests.postgres_server import PgBouncer, PostgresServer

LoopFactory = Callable[[], asyncio.AbstractEventLoop]

# No example fails because the machine is slow.
settings.register_profile("unhurried", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

pytest.register_assert_rewrite("tiktok_async.testing")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run the long kills and soaks in full length")
    parser.addoption("--loop", choices=["uvloop", "eager"], help="run async tests on uvloop, or start tasks eagerly")


def pytest_configure(config: pytest.Config) -> None:
    # A shell makes its background processes ignore SIGINT, and all processes of the tests would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    factories: dict[str, LoopFactory] = {"uvloop": _uvloop, "eager": _eager_loop}
    if wanted := config.getoption("--loop"):
        config.pluginmanager.register(Loop(wanted, factories[wanted]))


class Loop:
    """Runs async tests on the requested event loop."""

    def __init__(self, name: str, factory: LoopFactory) -> None:
        self._factories = {name: factory}

    def pytest_asyncio_loop_factories(self) -> dict[str, LoopFactory]:
        return self._factories


def _uvloop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()


def _eager_loop() -> asyncio.AbstractEventLoop:
    """Make a loop with eager tasks: each runs to its first wait before its creator continues; from Python 3.12."""
    if sys.version_info < (3, 12):
        pytest.exit("--loop eager needs Python 3.12 or newer")
    loop = asyncio.new_event_loop()
    loop.set_task_factory(asyncio.eager_task_factory)
    return loop


@pytest.fixture(scope="session")
def full(request: pytest.FixtureRequest) -> bool:
    """Whether long tests run in full length."""
    return bool(request.config.getoption("--full"))


def find_binary(name: str) -> str:
    """Return the path of a program the tests need; without it, fail in CI and skip elsewhere."""
    path = shutil.which(name)
    if path is None:
        message = f"{name} is not installed; on Debian: apt-get install {name}"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return path


def free_port() -> int:
    """Return a TCP port on loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def still_runs(process: "subprocess.Popen[Any]") -> bool:
    """Wait a moment and return whether *process* runs: checks without a pause would slow down its start."""
    try:
        process.wait(0.02)
    except subprocess.TimeoutExpired:
        return True
    return False


class RedisServer:
    """A private redis-server on loopback that a test may kill and start again; it keeps an append-only file.

    `REDIS_PROGRAM=valkey-server` has the tests run on Valkey instead, where it is installed: Debian 12 has no package.
    """

    def __init__(self, directory: Path, *options: str) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._directory = directory
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._process = subprocess.Popen(
            [
                find_binary(os.environ.get("REDIS_PROGRAM", "redis-server")),
                *("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._directory)),
                *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
                *self._options,
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 100
        while time.monotonic() < deadline and still_runs(self._process):
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
                    probe.sendall(b"PING\r\n")
                    if probe.recv(16).startswith((b"+PONG", b"-NOAUTH")):
                        return
            except OSError:
                pass
        self.kill()
        pytest.fail("redis-server did not start within 100 s")

    def kill(self) -> None:
        """End it as `kill -9` does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """End it as an operator does, with everything on disk."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Restore logging after a command set it up in this process, so that later tests are not affected."""
    ours = [logging.getLogger(name) for name in ("tiktok_async", "tiktok_async_stores", "tiktok_async.stores")]
    before = [(logger.level, logger.disabled) for logger in ours]
    yield
    for logger, (level, disabled) in zip(ours, before, strict=True):
        logger.setLevel(level)
        logger.disabled = disabled
    root = logging.getLogger()
    for handler in list(root.handlers):
        if type(handler.formatter).__module__.startswith("tiktok_async.cli"):
            root.removeHandler(handler)


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    """A new emulator for the test."""
    async with Emulator() as running:
        yield running


@pytest.fixture
def clock(emulator: Emulator) -> Clock:
    """The clock of `session`: the emulator's; a module may override it."""
    return emulator.clock


@pytest.fixture
async def session(emulator: Emulator, clock: Clock) -> AsyncIterator[TikTokSession]:
    """A session for `emulator` with `clock`."""
    async with emulator.session(clock=clock) as opened:
        yield opened


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A redis-server for this test process; use a prefix or `FLUSHDB` of your own to stay apart."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A redis-server for one test, which may stop, kill or configure it."""
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_url(redis_server: RedisServer) -> str:
    """The URL of this test process's redis-server."""
    return redis_server.url


@pytest.fixture(scope="session")
def postgres() -> Iterator["PostgresServer"]:
    """A PostgreSQL server for this test process; use a schema of your own, or accounts, to stay apart.

    It does not wait for the disk (`fsync = off`): tests cannot see what survives a power cut.
    """
    from tests.postgres_server import PostgresServer

    server = PostgresServer()
    server.make()
    with (server.data / "postgresql.auto.conf").open("a") as settings:
        settings.write("fsync = off\n")
    server.start()
    yield server
    server.remove()


@pytest.fixture
def safe_postgres(postgres: "PostgresServer") -> Iterator["PostgresServer"]:
    """The same server with `fsync = on`, for tests of the reports about its settings."""
    postgres.alter("fsync", "on")
    yield postgres
    postgres.alter("fsync", "off")


@pytest.fixture
def own_postgres() -> Iterator["PostgresServer"]:
    """A PostgreSQL server for one test, which may stop, kill or configure it."""
    from tests.postgres_server import PostgresServer

    server = PostgresServer()
    server.make()
    server.start()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def pgbouncer(postgres: "PostgresServer") -> Iterator["PgBouncer"]:
    """PgBouncer in transaction mode before this test process's PostgreSQL."""
    from tests.postgres_server import PgBouncer

    bouncer = PgBouncer(postgres)
    bouncer.start()
    yield bouncer
    bouncer.remove()


@pytest.fixture(scope="session")
def postgres_url(postgres: "PostgresServer") -> str:
    """The URL of this test process's PostgreSQL, with a schema for tests that use accounts of their own."""
    return postgres.url(schema="shared")
