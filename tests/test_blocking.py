"""The client from synchronous code."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tiktok_async import ConfigurationError, InvalidParams, SessionClosed, TikTokSession
from tiktok_async.blocking import Runner
from tiktok_async.emulator import EmulatedUser, Emulator


class Running:
    """An emulator on a loop and thread of its own, as a server elsewhere would be."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.emulator = Emulator(limits={})
        self.do(self.emulator.start())
        self.user: EmulatedUser = self.emulator.add_user(videos=45)

    def do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    def open(self) -> TikTokSession:
        emulator = self.emulator
        return TikTokSession(
            client_key=emulator.client_key,
            client_secret=emulator.client_secret,
            base_url=emulator.url,
            authorize_url=emulator.authorize_url,
            limiter="none://",
        )

    def log_in(self, runner: Runner) -> Any:
        request = runner.session.oauth.authorization("http://127.0.0.1:8914/cb/", ["user.info.basic", "video.list"])
        callback = self.do(self.emulator.consent(request.url, self.user))
        return runner.run(runner.session.oauth.complete(request, callback))


@pytest.fixture
def running() -> Iterator[Running]:
    one = Running()
    yield one
    one.do(one.emulator.aclose())
    one.loop.call_soon_threadsafe(one.loop.stop)
    one.thread.join()
    one.loop.close()


@pytest.fixture
def runner(running: Running) -> Iterator[Runner]:
    with Runner(running.open) as opened:
        yield opened


def test_a_login_a_profile_and_a_listing_without_await(running: Running, runner: Runner) -> None:
    account = running.log_in(runner)
    assert runner.run(account.user_info()).display_name == running.user.display_name
    assert [video.id for video in runner.iterate(account.videos())] == running.user.videos.ids()


def test_errors_are_raised_unchanged(running: Running, runner: Runner) -> None:
    account = running.log_in(runner)
    with pytest.raises(InvalidParams):
        runner.run(account.user_info(["nonsense"]))


def test_leaving_an_iteration_early_closes_it(runner: Runner) -> None:
    closed = threading.Event()

    async def numbers() -> AsyncGenerator[int, None]:
        try:
            for number in range(100):
                yield number
        finally:
            closed.set()

    taken = runner.iterate(numbers())
    assert [next(taken), next(taken)] == [0, 1]
    taken.close()
    assert closed.is_set()


def test_an_iteration_of_what_cannot_be_closed_works_too(runner: Runner) -> None:
    class Once:
        def __init__(self) -> None:
            self.left = [3, 2, 1]

        def __aiter__(self) -> "Once":
            return self

        async def __anext__(self) -> int:
            if not self.left:
                raise StopAsyncIteration
            return self.left.pop()

    assert list(runner.iterate(Once())) == [1, 2, 3]


def test_a_context_manager_is_held_inside_with(runner: Runner) -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def held() -> AsyncGenerator[str, None]:
        seen.append("in")
        try:
            yield "value"
        except KeyError:
            seen.append("swallowed")
        finally:
            seen.append("out")

    with runner.enter(held()) as value:
        assert value == "value"
    with runner.enter(held()):
        raise KeyError
    with pytest.raises(ValueError, match="mine"), runner.enter(held()):
        raise ValueError("mine")
    assert seen == ["in", "out", "in", "swallowed", "out", "in", "out"]
    with runner.enter(runner.session.keep_fresh()):
        pass


def test_many_threads_share_one_runner(running: Running, runner: Runner) -> None:
    account = running.log_in(runner)
    with ThreadPoolExecutor(8) as pool:
        users = list(pool.map(lambda _: runner.run(account.user_info()), range(40)))
    assert {user.open_id for user in users} == {running.user.open_id}


def test_a_closed_session_raises_an_error_and_leaves_no_thread(running: Running) -> None:
    before = threading.active_count()
    runner = Runner(running.open)
    account = running.log_in(runner)
    runner.close()
    runner.close()
    assert threading.active_count() == before
    with pytest.raises(SessionClosed):
        runner.run(account.user_info())
    with pytest.raises(SessionClosed):
        list(runner.iterate(account.videos()))


def test_closing_ends_what_was_left_running(running: Running) -> None:
    ended = threading.Event()

    async def begin() -> "asyncio.Task[None]":
        async def hang() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        task = asyncio.create_task(hang())
        await asyncio.sleep(0)
        return task

    runner = Runner(running.open)
    kept = runner.run(begin())
    runner.close()
    assert ended.is_set()
    assert kept.cancelled()


def test_a_session_that_cannot_open_leaves_no_thread(running: Running) -> None:
    del running
    before = threading.active_count()
    with pytest.raises(ConfigurationError):
        Runner(lambda: TikTokSession(client_key="", client_secret=""))
    assert threading.active_count() == before


async def test_a_runner_inside_a_running_loop_is_refused_with_advice() -> None:
    with pytest.raises(ConfigurationError, match="await"):
        Runner()


def test_a_runner_called_inside_its_own_loop_refuses_and_does_not_hang(runner: Runner) -> None:
    async def nested() -> None:
        runner.run(asyncio.sleep(0))

    with pytest.raises(ConfigurationError, match="would be blocked"):
        runner.run(nested())


def test_the_session_says_which_loop_it_belongs_to(running: Running, runner: Runner) -> None:
    account = running.log_in(runner)
    with pytest.raises(Exception, match="blocking"):
        asyncio.run(account.user_info())


FORK = """
import os, sys
from tiktok_async import ConfigurationError, TikTokSession
from tiktok_async.blocking import Runner
runner = Runner(lambda: TikTokSession(client_key="k", client_secret="s"))
child = os.fork()
if child == 0:
    try:
        runner.run(runner.session.aclose())
    except ConfigurationError as error:
        print(error, flush=True)
    runner.close()
    os._exit(0)
os.waitpid(child, 0)
runner.close()
print("parent closed")
"""


def test_a_forked_child_gets_an_error_that_says_to_open_its_own() -> None:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORK]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
    assert "after the fork" in done.stdout
    assert "parent closed" in done.stdout


INTERRUPTED = """
import asyncio, sys
from tiktok_async import TikTokSession
from tiktok_async.blocking import Runner

async def work():
    try:
        print("working", flush=True)
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0.05)
        print("cleaned up", flush=True)

with Runner(lambda: TikTokSession(client_key="k", client_secret="s")) as runner:
    try:
        runner.run(work())
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


def test_an_interrupt_cancels_the_work_and_waits_for_its_end() -> None:
    command = [sys.executable, "-c", INTERRUPTED]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "working\n"
        os.kill(process.pid, signal.SIGINT)
        assert process.communicate(timeout=100)[0] == "cleaned up\ninterrupted\n"
        assert process.returncode == 0


def test_an_interrupt_that_comes_before_the_waiting_began_cancels_it_too(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancelled = threading.Event()
    hand_over = asyncio.run_coroutine_threadsafe

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    def interrupted(*arguments: Any) -> Any:
        monkeypatch.undo()
        hand_over(*arguments)
        hand_over(asyncio.sleep(0), arguments[1]).result()
        raise KeyboardInterrupt

    monkeypatch.setattr(asyncio, "run_coroutine_threadsafe", interrupted)
    with pytest.raises(KeyboardInterrupt):
        runner.run(work())
    assert cancelled.is_set()


def test_a_script_that_does_not_close_its_session_still_ends() -> None:
    code = "from tiktok_async import TikTokSession\nfrom tiktok_async.blocking import Runner\n"
    code += "Runner(lambda: TikTokSession(client_key='k', client_secret='s'))\nprint('end')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100, check=True)
    assert done.stdout == "end\n"
