"""The shared window's rule as Redis and PostgreSQL apply it, at times that the test sets."""

import math
import uuid
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Protocol

import psycopg
import pytest
from attrs import define, field
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb
from redis import Redis

from tests.postgres_server import PostgresServer, new_schema
from tiktok_async.abc import LimitKey
from tiktok_async.models import Limit, WindowKind
from tiktok_async_stores.limits.window import Request, SharedWindow
from tiktok_async_stores.postgres.limiter_trips import as_json
from tiktok_async_stores.postgres.schema import quote_schema, schema_sql
from tiktok_async_stores.redis.limiter_trips import SCRIPT, arguments

KEY = LimitKey("app", "/v2/video/list/", "account")


class Server(Protocol):
    """The server that keeps a window; each test has its own account."""

    def send(self, subject: str, holder: str, window: SharedWindow, request: Request, now: float) -> Sequence[int]:
        """Send one request at *now*, in milliseconds."""
        ...

    def forget(self, subject: str) -> None:
        """Lose the window."""
        ...

    def size(self, subject: str) -> int:
        """Return the bytes that the window takes."""
        ...


class RedisWindows:
    """The script in Redis."""

    def __init__(self, url: str) -> None:
        self.client = Redis.from_url(url)

    def send(self, subject: str, holder: str, window: SharedWindow, request: Request, now: float) -> Sequence[int]:
        reply: Any = self.client.eval(SCRIPT, 1, subject, *arguments(holder, window, request, now=now))
        assert 0 < self.client.pttl(subject) < 10**9
        return [int(number) for number in reply]

    def forget(self, subject: str) -> None:
        self.client.delete(subject)

    def size(self, subject: str) -> int:
        return int(self.client.memory_usage(subject) or 0)


class PostgresWindows:
    """The function in PostgreSQL."""

    def __init__(self, server: PostgresServer) -> None:
        self.client = psycopg.connect(server.url(), autocommit=True)
        # These tests check the rule, not the disk.
        self.client.execute("SET synchronous_commit = off")
        schema = quote_schema(new_schema())
        self.client.execute(schema_sql(schema).encode())
        self._schema = schema

    def send(self, subject: str, holder: str, window: SharedWindow, request: Request, now: float) -> Sequence[int]:
        asked = as_json(holder, window, request, now=now) | {"subject": subject}
        rows = self.client.execute(f"SELECT {self._schema}.take_permits(%s, 0)".encode(), [Jsonb(asked)]).fetchall()
        idle = self.client.execute(
            f"SELECT idle_from * 300000 FROM {self._schema}.limits WHERE subject = %s".encode(), [subject]
        ).fetchall()
        assert now < idle[0][0] < now + 10**9
        window.life, *answer = rows[0][0]
        return list(answer)

    def forget(self, subject: str) -> None:
        self.client.execute(f"DELETE FROM {self._schema}.limits WHERE subject = %s".encode(), [subject])

    def size(self, subject: str) -> int:
        rows = self.client.execute(
            f"SELECT pg_column_size(one.*) FROM {self._schema}.limits AS one WHERE subject = %s".encode(), [subject]
        ).fetchall()
        return int(rows[0][0])


@pytest.fixture(
    scope="module",
    params=[pytest.param("redis", marks=pytest.mark.redis), pytest.param("postgres", marks=pytest.mark.postgres)],
)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    windows: RedisWindows | PostgresWindows
    if request.param == "redis":
        windows = RedisWindows(request.getfixturevalue("redis_url"))
    else:
        windows = PostgresWindows(request.getfixturevalue("postgres"))
    yield windows
    windows.client.close()


@define(eq=False)
class Call:
    """One call: it may reach the server at any time from its start to its end."""

    start: float
    end: float = math.inf


@define(eq=False)
class Worker:
    """One process: a window, and the calls it has in flight."""

    window: SharedWindow
    name: str = field(factory=lambda: uuid.uuid4().hex)
    in_flight: list[Call] = field(factory=list)


class Fleet:
    """Any number of workers on one window; seconds of the test are seconds of the server."""

    def __init__(self, server: Server, limit: Limit, workers: int = 1) -> None:
        self.server = server
        self.key = f"model:{uuid.uuid4().hex}"
        self.limit = limit
        self.now = 1_000.0
        self.calls: list[Call] = []
        self.workers = [Worker(SharedWindow(KEY, limit)) for _ in range(workers)]

    def send(self, worker: Worker, request: Request) -> Sequence[int]:
        return self.server.send(self.key, worker.name, worker.window, request, self.now * 1_000)

    def trip(self, worker: Worker, *, need: int = 0, lost: bool = False) -> None:
        # Each object stands for a waiting caller; the window only counts them.
        for _ in range(need):
            worker.window.join(object(), math.inf)  # type: ignore[arg-type]  # not a future
        request = worker.window.request(self.now)
        worker.window.queue.clear()
        reply = self.send(worker, request)
        if not lost:
            worker.window.accept(reply, self.now)

    def start(self, worker: Worker) -> bool:
        if not worker.window.acquire(self.now):
            return False
        call = Call(self.now)
        worker.in_flight.append(call)
        self.calls.append(call)
        return True

    def answer(self, worker: Worker, which: int) -> None:
        if worker.in_flight:
            worker.in_flight.pop(which % len(worker.in_flight)).end = self.now
            worker.window.answered(self.now)

    def cancel(self, worker: Worker) -> None:
        if worker.in_flight:
            self.calls.remove(worker.in_flight.pop())
            worker.window.unused(self.now)

    def die(self, worker: Worker) -> None:
        """End the worker; each call that it sent arrives before its lease ends."""
        for call in worker.in_flight:
            call.end = worker.window._lease_until
        self.workers[self.workers.index(worker)] = Worker(SharedWindow(KEY, self.limit))

    def act(self, action: str, worker: Worker, amount: Any) -> None:
        match action:
            case "acquire":
                self.trip(worker, need=amount)
                while self.start(worker):
                    pass
            case "start":
                self.start(worker)
            case "report":
                while worker.in_flight:
                    self.answer(worker, 0)
                self.trip(worker)
            case "lose a reply":
                self.trip(worker, need=amount, lost=True)
            case "answer":
                self.answer(worker, amount)
            case "cancel":
                self.cancel(worker)
            case "die":
                self.die(worker)
            case _:
                self.wait(amount)

    def wait(self, seconds: float) -> None:
        """Let time pass; live workers renew their leases meanwhile, as the limiter's tick does."""
        steps = max(1, int(seconds / 3))
        for _ in range(steps):
            self.now += seconds / steps
            for worker in self.workers:
                if worker.in_flight:
                    self.trip(worker)

    def most_at_once(self) -> int:
        """Return the largest number of calls that one window of the server may hold."""
        per = self.limit.per.total_seconds()
        edges = [(call.start, 1) for call in self.calls] + [(call.end + per - 1e-6, -1) for call in self.calls]
        most = current = 0
        for _, step in sorted(edges):
            current += step
            most = max(most, current)
        return most


# Waits around a window, so that workers ask for slots just before and just after they become free.
WAITS = [0.0004, 0.3, 0.955, 0.985, 0.999, 1.0, 11.0]
OTHER_ACTIONS = ["lose a reply", "answer", "cancel", "die", "start"]
ACTIONS = st.one_of(
    st.tuples(st.just("acquire"), st.integers(0, 2), st.integers(1, 4)),
    st.tuples(st.just("report"), st.integers(0, 2), st.just(0)),
    st.tuples(st.just("wait"), st.just(0), st.sampled_from(WAITS)),
    st.tuples(st.sampled_from(OTHER_ACTIONS), st.integers(0, 2), st.integers(0, 4)),
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(count=st.integers(1, 4), actions=st.lists(ACTIONS, min_size=8, max_size=50))
def test_no_window_of_the_server_ever_holds_more_than_the_limit(
    server: Server, count: int, actions: list[tuple[str, int, Any]]
) -> None:
    """Three workers ask, call, answer, cancel, die and lose replies, in any order."""
    fleet = Fleet(server, Limit(count, timedelta(seconds=1)), workers=3)
    for action, number, amount in actions:
        fleet.act(action, fleet.workers[number], amount)
        assert fleet.most_at_once() <= count
    server.forget(fleet.key)


def test_no_slot_is_lost_when_every_call_is_answered(server: Server) -> None:
    """After one window without calls the whole limit is free again, whatever happened before."""
    fleet = Fleet(server, Limit(40, timedelta(seconds=1)), workers=3)
    for turn in range(50):
        for worker in fleet.workers:
            fleet.trip(worker, need=turn % 5, lost=turn % 7 == 0)
            while fleet.start(worker) and turn % 3:
                fleet.answer(worker, turn)
        fleet.now += 0.05
    for worker in fleet.workers:
        while worker.in_flight:
            fleet.answer(worker, 0)
        fleet.trip(worker)
        fleet.send(worker, worker.window.request(fleet.now, closing=True))
    fleet.now += 1.001
    newcomer = Worker(SharedWindow(KEY, fleet.limit))
    fleet.trip(newcomer, need=100)
    assert sum(fleet.start(newcomer) for _ in range(100)) == 40


def test_a_request_that_arrives_twice_counts_once(server: Server) -> None:
    """A client sends again when a reply is lost; the second request must change nothing and get the same reply."""
    fleet = Fleet(server, Limit(10, timedelta(seconds=60)))
    (worker,) = fleet.workers
    for _ in range(3):
        worker.window.join(object(), math.inf)  # type: ignore[arg-type]  # not a future
    request = worker.window.request(fleet.now)
    replies = [fleet.send(worker, request) for _ in range(5)]
    assert replies[0][0] >= 3
    assert all(reply == replies[0] for reply in replies)
    assert worker.window.request(fleet.now) is request


def test_a_dead_workers_slots_are_free_one_window_after_its_lease(server: Server) -> None:
    fleet = Fleet(server, Limit(2, timedelta(seconds=1)), workers=2)
    dead, living = fleet.workers
    fleet.trip(dead, need=2)
    fleet.start(dead)
    for after, there in ((9.9, False), (10.9, False), (11.1, True)):
        fleet.now = 1_000 + after
        fleet.trip(living, need=1)
        assert fleet.start(living) is there


def test_a_worker_whose_lease_expired_uses_none_of_its_permits(server: Server) -> None:
    fleet = Fleet(server, Limit(4, timedelta(seconds=1)))
    (stalled,) = fleet.workers
    fleet.trip(stalled, need=3)
    fleet.now += 10.5
    assert not fleet.start(stalled)
    fleet.trip(stalled, need=4)
    assert sum(fleet.start(stalled) for _ in range(4)) == 1  # the other three count until a window after the lease


def test_waiting_workers_share_slots_that_become_free(server: Server) -> None:
    """The first worker that asks must not take all slots when others wait."""
    fleet = Fleet(server, Limit(60, timedelta(seconds=60)), workers=4)
    first = fleet.workers[0]
    fleet.trip(first, need=60)
    for _ in range(60):
        fleet.start(first)
    fleet.now += 1
    while first.in_flight:
        fleet.answer(first, 0)
    fleet.trip(first)
    got = dict.fromkeys(range(4), 0)
    for _ in range(90):
        for number, worker in enumerate(fleet.workers):
            fleet.trip(worker, need=30)
            while fleet.start(worker):
                got[number] += 1
        fleet.now += 0.7
    assert sum(got.values()) == 60
    assert min(got.values()) >= 8  # 15 is an equal share; the first worker of a burst gets a little more


def test_slots_are_granted_before_they_are_free_and_wait_for_no_trip(server: Server) -> None:
    fleet = Fleet(server, Limit(2, timedelta(seconds=60)))
    (worker,) = fleet.workers
    fleet.trip(worker, need=2)
    for at in (1_001.0, 1_001.25):
        fleet.start(worker)
        fleet.now = at
        fleet.answer(worker, 0)
        fleet.trip(worker)
    fleet.now = 1_060.5
    fleet.trip(worker, need=2)
    assert not fleet.start(worker)
    fleet.now = 1_061.001
    assert fleet.start(worker)
    assert not fleet.start(worker)
    fleet.now = 1_061.251
    assert fleet.start(worker)


def test_a_server_that_lost_its_windows_waits_for_one_window(server: Server) -> None:
    """A restart without persistence must not grant the window twice."""
    fleet = Fleet(server, Limit(2, timedelta(seconds=1)))
    (worker,) = fleet.workers
    fleet.trip(worker, need=2)
    fleet.start(worker)
    server.forget(fleet.key)
    fleet.trip(worker, need=2)
    newcomer = Worker(SharedWindow(KEY, fleet.limit))
    fleet.trip(newcomer, need=1)
    assert not fleet.start(newcomer)
    fleet.now += 1.001
    fleet.trip(newcomer, need=1)
    assert fleet.start(newcomer)


def test_a_clock_that_is_set_back_frees_no_slot_twice(server: Server) -> None:
    fleet = Fleet(server, Limit(1, timedelta(seconds=1)))
    (worker,) = fleet.workers
    fleet.trip(worker, need=1)
    assert fleet.start(worker)
    fleet.answer(worker, 0)
    fleet.trip(worker)
    fleet.now -= 0.5
    fleet.trip(worker, need=1)
    assert not fleet.start(worker)


def test_permits_come_in_batches_far_from_the_limit_and_one_by_one_near_it(server: Server) -> None:
    fleet = Fleet(server, Limit(600, timedelta(seconds=60)))
    (worker,) = fleet.workers
    trips = []
    for _ in range(600):
        if not fleet.start(worker):
            fleet.trip(worker, need=1)
            trips.append(len(fleet.calls))
            assert fleet.start(worker)
    assert len([at for at in trips if at < 400]) < 40
    assert trips[-1] == 599


@pytest.mark.parametrize("workers", [1, 3])
def test_the_fleet_counts_a_day_until_midnight_utc(server: Server, workers: int) -> None:
    day = Limit(6, timedelta(days=1), kind=WindowKind.UTC_DAY)
    fleet = Fleet(server, day, workers=workers)
    fleet.now = 86_400.0 * 20_000 - 100
    used = 0
    for _ in range(4):
        for worker in fleet.workers:
            fleet.trip(worker, need=1)
            if fleet.start(worker):
                used += 1
                fleet.answer(worker, 0)
            fleet.trip(worker)
    assert used == 6 if workers == 3 else used == 4
    for worker in fleet.workers:
        fleet.send(worker, worker.window.request(fleet.now, closing=True))
    fleet.now = 86_400.0 * 20_000 + 1
    newcomer = Worker(SharedWindow(KEY, day))
    fleet.trip(newcomer, need=9)
    assert sum(fleet.start(newcomer) for _ in range(9)) == 6


def test_a_full_window_takes_less_than_four_kilobytes(server: Server) -> None:
    fleet = Fleet(server, Limit(600, timedelta(seconds=60)), workers=4)
    for worker in fleet.workers:
        for _ in range(8):
            fleet.trip(worker, need=20)
            while fleet.start(worker):
                fleet.now += 0.01
                fleet.answer(worker, 0)
            fleet.trip(worker)
    assert len(fleet.calls) == 600
    assert server.size(fleet.key) <= 4_096
