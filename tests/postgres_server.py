"""A PostgreSQL server of the tests' own, and PgBouncer before it: started, killed and ended by the tests."""

import atexit
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from tests.conftest import find_binary, free_port, still_runs

_SERVICE = "postgres"  # the user that runs them in place of root


def _find(name: str) -> str:
    """Return the path of one of PostgreSQL's programs, which Debian does not put on PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    return str(versions[-1]) if versions else find_binary(name)


def _as_service(*command: str) -> list[str]:
    """Return *command* so that root runs it as an ordinary user: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return list(command)
    user = pwd.getpwnam(_SERVICE)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", *command]


def _own_directory() -> Path:
    """Make a directory of the service's own; pytest's are closed to other users than its own."""
    directory = Path(tempfile.mkdtemp(prefix="tiktok-postgres-"))
    if os.geteuid() == 0:
        user = pwd.getpwnam(_SERVICE)
        os.chown(directory, user.pw_uid, user.pw_gid)
    return directory


def _run(*command: str) -> None:
    done = subprocess.run(_as_service(*command), capture_output=True, text=True, cwd="/", check=False)
    if done.returncode:
        pytest.fail(f"{command[0]} failed: {done.stdout}{done.stderr}")


@cache
def _empty_cluster() -> Path:
    """Make an empty database cluster once; each server of this process gets a copy, which is much faster."""
    directory = _own_directory()
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    made = str(directory / "data")
    words = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
    _run(_find("initdb"), "-D", made, *words)
    return directory / "data"


class PostgresServer:
    """A private server on loopback, which a test may kill, start again, copy as a standby and promote.

    Args:
        options: Settings, such as `fsync=off`.
    """

    def __init__(self, *options: str) -> None:
        self.port = free_port()
        self.directory = _own_directory()
        self.data = self.directory / "data"
        self._options = list(options)
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, **query: str) -> str:
        """Return the URL, with *query* behind it."""
        tail = "&".join(f"{name}={value}" for name, value in query.items())
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres" + (f"?{tail}" if tail else "")

    def make(self) -> None:
        """Make an empty database cluster."""
        _run("cp", "-a", "--reflink=auto", str(_empty_cluster()), str(self.data))

    def start(self, *, ready: bool = True) -> None:
        """Start it and wait until it takes connections; if not *ready*, until it listens."""
        options = [f"port={self.port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", *self._options]
        log = (self.directory / "log").open("ab")
        with log:
            self._process = subprocess.Popen(
                _as_service(
                    _find("postgres"), "-D", str(self.data), *(part for each in options for part in ("-c", each))
                ),
                stdout=log,
                stderr=log,
                cwd="/",
            )
        deadline = time.monotonic() + 100
        while time.monotonic() < deadline and still_runs(self._process):
            try:
                psycopg.connect(self.url(connect_timeout="2")).close()
            except psycopg.OperationalError as error:
                if not ready and "no password supplied" in str(error):
                    return
                continue
            return
        self.kill()
        pytest.fail(f"postgres did not start within 100 s: {(self.directory / 'log').read_text()}")

    def execute(self, *statements: str) -> list[tuple[object, ...]]:
        """Run statements as the superuser, each a transaction of its own; returns the rows of the last."""
        rows: list[tuple[object, ...]] = []
        with psycopg.connect(self.url(), autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
                rows = cursor.fetchall() if cursor.description else []
        return rows

    def alter(self, name: str, value: str) -> None:
        """Change a setting while it runs; new connections have it on return."""
        self.execute(f"ALTER SYSTEM SET {name} = {value}", "SELECT pg_reload_conf()")
        deadline = time.monotonic() + 100
        while self.execute(f"SHOW {name}") != [(value,)]:
            assert time.monotonic() < deadline, f"{name} did not change within 100 s"

    def set_option(self, option: str) -> None:
        """Start with this setting from now on."""
        self._options.append(option)

    def kill(self) -> None:
        """End it as `pg_ctl stop -m immediate` does: at once, nothing more is written."""
        self._end(signal.SIGQUIT)

    def stop(self) -> None:
        """End it as `pg_ctl stop -m fast` does, in order."""
        self._end(signal.SIGINT)

    def freeze(self, *, frozen: bool) -> None:
        """Stop all its processes, or continue them."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        for pid in (self._process.pid, *map(int, children)):
            os.kill(pid, signal.SIGSTOP if frozen else signal.SIGCONT)

    def standby(self, name: str) -> "PostgresServer":
        """Make a standby that follows this server under the name *name*; it is not started."""
        copy = PostgresServer(*self._options)
        source = f"host=127.0.0.1 port={self.port} user=postgres application_name={name}"
        _run(_find("pg_basebackup"), "-D", str(copy.data), "-d", source, "-R", "-c", "fast", "-X", "stream", "-N")
        return copy

    def promote(self) -> None:
        """Make a primary of a standby."""
        self.execute("SELECT pg_promote()")

    def remove(self) -> None:
        """End it and delete its files."""
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(100)
            self._process = None


class PgBouncer:
    """PgBouncer in transaction mode before a server.

    Args:
        server: The server.
        size: The most connections to it.
    """

    def __init__(self, server: PostgresServer, *, size: int = 4) -> None:
        self.port = free_port()
        self._directory = _own_directory()
        self._process: subprocess.Popen[bytes] | None = None
        config = self._directory / "pgbouncer.ini"
        config.write_text(
            "[databases]\n"
            f"* = host=127.0.0.1 port={server.port} user=postgres\n"
            "[pgbouncer]\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {self.port}\nunix_socket_dir =\n"
            "auth_type = any\npool_mode = transaction\nmax_client_conn = 500\n"
            f"default_pool_size = {size}\n"
        )
        config.chmod(0o644)
        self._config = config

    def url(self, **query: str) -> str:
        """Return the URL, with *query* behind it."""
        tail = "&".join(f"{name}={value}" for name, value in query.items())
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres" + (f"?{tail}" if tail else "")

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or find_binary("pgbouncer")
        self._process = subprocess.Popen(
            _as_service(program, str(self._config)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/"
        )
        deadline = time.monotonic() + 100
        while time.monotonic() < deadline and still_runs(self._process):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                continue
            return
        self.remove()
        pytest.fail("pgbouncer did not start within 100 s")

    def remove(self) -> None:
        """End it and delete its files."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        shutil.rmtree(self._directory, ignore_errors=True)


def new_schema() -> str:
    """Return a schema's name that no other test uses."""
    return f"test_{uuid4().hex}"
