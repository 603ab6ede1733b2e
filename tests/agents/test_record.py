"""The record: it holds every call, every changed byte is found, and nothing is posted without it."""

import asyncio
import json
import resource
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.agents.conftest import GrantOf, proposed
from tiktok_async import ConfigurationError, Secret, StoreError, TikTokSession
from tiktok_async._concurrency.clock import SystemClock
from tiktok_async.agents import AgentDesk, AgentGate, Verification
from tiktok_async.agents._record import Record
from tiktok_async.agents.rules.chain import START, Head, line_of, verify
from tiktok_async.emulator import Emulator
from tiktok_async.models import Endpoint
from tiktok_async.stores import MemoryTokenStore


class MemoryHeadKeeper:
    """Keeps the newest line in memory."""

    def __init__(self) -> None:
        self.kept: Head | None = None

    async def head(self) -> Head | None:
        return self.kept

    async def keep_head(self, head: Head) -> None:
        self.kept = head


@pytest.fixture
def head_keeper() -> MemoryHeadKeeper:
    return MemoryHeadKeeper()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "record.jsonl"


@pytest.fixture
def open_record(path: Path, head_keeper: MemoryHeadKeeper) -> Callable[[], Record]:
    """Open the record as another process does."""
    return lambda: Record(path, head_keeper, SystemClock())


def made(count: int) -> tuple[list[bytes], Head]:
    lines: list[bytes] = []
    head = START
    for number in range(count):
        line, head = line_of(head, {"what": "intent", "call": str(number), "arguments": {"title": "caf\u00e9"}})
        lines.append(line)
    return lines, head


@given(st.data())
@settings(max_examples=300)
def test_any_changed_byte_is_found_at_its_line(data: st.DataObject) -> None:
    lines, head = made(4)
    text = bytearray(b"".join(lines))
    place = data.draw(st.integers(0, len(text) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda byte: byte != text[place]))
    number = text[:place].count(b"\n") + 1
    text[place] = value
    found = verify(bytes(text).splitlines(keepends=True) if value != 13 else split(bytes(text)), head)
    assert not found.intact
    assert found.line == number
    assert found.offset == len(b"".join(lines[: number - 1]))


def split(text: bytes) -> list[bytes]:
    return [part + b"\n" for part in text.split(b"\n")[:-1]] + ([tail] if (tail := text.split(b"\n")[-1]) else [])


@given(st.data())
def test_any_cut_removed_swapped_repeated_or_empty_line_is_found(data: st.DataObject) -> None:
    lines, head = made(5)
    kind = data.draw(st.sampled_from(["cut", "remove", "swap", "repeat", "empty"]))
    at = data.draw(st.integers(0, 4))
    text = b"".join(lines)
    match kind:
        case "cut":
            text = text[: data.draw(st.integers(0, len(text) - 1))]
        case "remove":
            text = b"".join(line for number, line in enumerate(lines) if number != at)
        case "swap":
            other = data.draw(st.integers(0, 4).filter(lambda number: number != at))
            lines[at], lines[other] = lines[other], lines[at]
            text = b"".join(lines)
        case "repeat":
            text = b"".join([*lines[: at + 1], *lines[at:]])
        case _:
            text = b"".join([*lines[:at], b"\n", *lines[at:]])
    assert not verify(split(text), head).intact


def test_a_chain_that_is_forged_after_its_first_line_does_not_match_the_store() -> None:
    lines, head = made(3)
    forged, forged_head = line_of(Head(1, json.loads(lines[0])["hash"]), {"what": "intent", "call": "forged"})
    last, _ = line_of(forged_head, {"what": "intent", "call": "2"})
    found = verify([lines[0], forged, last], head)
    assert (found.line, found.problem) == (3, "this line is not the one that the store remembers")


async def test_only_the_owner_can_read_the_record(open_record: Callable[[], Record], path: Path) -> None:
    await open_record().append({"what": "owner"})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("spoil", ["link", "readable", "folder", "device"])
async def test_a_path_that_others_could_use_is_refused(
    open_record: Callable[[], Record], path: Path, tmp_path: Path, spoil: str
) -> None:
    match spoil:
        case "link":
            (tmp_path / "elsewhere").touch(mode=0o600)
            path.symlink_to(tmp_path / "elsewhere")
        case "readable":
            path.touch(mode=0o644)
        case "folder":
            path.mkdir()
        case _:
            path.symlink_to("/dev/null")
    with pytest.raises((StoreError, ConfigurationError)):
        await open_record().append({"what": "owner"})


async def test_several_desks_write_one_chain(open_record: Callable[[], Record]) -> None:
    records = [open_record() for _ in range(4)]
    await asyncio.gather(*(record.append({"what": "intent", "call": str(n)}) for n in range(10) for record in records))
    found = await records[0].verify()
    assert found == Verification(entries=40)


WRITER = """
import asyncio, sys
from pathlib import Path
from tiktok_async._concurrency.clock import SystemClock
from tiktok_async.agents._kept import Kept
from tiktok_async.agents._record import Record
from tiktok_async.stores import open_store

async def main(path, store):
    opened = open_store(store)
    record = Record(path, Kept(opened, "app").record_head(path), SystemClock())
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(10):
        await record.append({"what": "intent", "call": str(number)})
    print(await record.verify() if len(sys.argv) > 3 else "", flush=True)
    await opened.aclose()

asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
"""


async def test_several_processes_write_one_chain(path: Path, tmp_path: Path) -> None:
    async def start(*more: str) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        program = (sys.executable, "-c", WRITER, str(path), f"sqlite:///{tmp_path}/tokens.db", *more)
        return await asyncio.create_subprocess_exec(*program, stdin=pipe, stdout=pipe)

    writers = [await start() for _ in range(3)]
    for writer in writers:
        assert writer.stdout is not None
        assert await writer.stdout.readline() == b"ready\n"
    await asyncio.gather(*(writer.communicate(b"\n") for writer in writers))
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    output, _ = await (await start("verify")).communicate(b"\n")
    assert str(Verification(entries=40)) in output.decode()


async def test_a_line_that_was_cut_by_a_crash_is_kept_and_marked(open_record: Callable[[], Record], path: Path) -> None:
    await open_record().append({"what": "intent", "call": "1"})
    with path.open("ab") as file:
        file.write(b'{"what":"int')
    assert (await open_record().verify()).intact
    await open_record().append({"what": "intent", "call": "2"})
    assert await open_record().verify() == Verification(entries=3)
    assert b'{"what":"int\n' in path.read_bytes()


async def test_a_cut_line_that_the_store_knows_is_not_taken_for_a_crash(
    open_record: Callable[[], Record], path: Path
) -> None:
    record = open_record()
    await record.append({"what": "intent", "call": "1"})
    await record.append({"what": "intent", "call": "2"})
    path.write_bytes(path.read_bytes()[:-5])
    found = await open_record().verify()
    assert (found.intact, found.line) == (False, 2)
    await open_record().append({"what": "intent", "call": "3"})
    found = await open_record().verify()
    assert (found.intact, found.entries) == (False, 1)


async def test_the_removal_of_the_record_is_found_later(open_record: Callable[[], Record], path: Path) -> None:
    record = open_record()
    await record.append({"what": "intent", "call": "1"})
    path.unlink()
    assert (await record.verify()).problem == "entries 1 to 1 are missing at the end"
    await record.append({"what": "intent", "call": "2"})
    assert (await record.verify()).problem == "entry 1 is missing, or was changed"


async def test_a_cancelled_write_is_finished_and_frees_the_lock(open_record: Callable[[], Record]) -> None:
    record = open_record()
    for turns in range(6):
        task = asyncio.ensure_future(record.append({"what": "intent", "call": str(turns)}))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    await record.append({"what": "intent", "call": "last"})
    assert (await record.verify()).intact


@contextmanager
def full_disk(path: Path, room: int = 0) -> Iterator[None]:
    """Let no file grow beyond the size of *path* plus *room* bytes, like a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = path.stat().st_size if path.exists() else 0
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("room", [0, 10])
async def test_a_full_disk_leaves_no_part_of_a_line(open_record: Callable[[], Record], path: Path, room: int) -> None:
    record = open_record()
    await record.append({"what": "intent", "call": "1"})
    before = path.read_bytes()
    with full_disk(path, room), pytest.raises(StoreError, match="nothing was done"):
        await record.append({"what": "intent", "call": "2"})
    assert path.read_bytes() == before
    await record.append({"what": "intent", "call": "3"})
    assert await record.verify() == Verification(entries=2)


async def test_a_full_disk_stops_writing_calls_and_not_reading_calls(
    emulator: Emulator, desk: AgentDesk, grant_of: GrantOf, approver: Secret, tmp_path: Path
) -> None:
    await desk.add(grant_of(operations={"VIDEO_INIT", "INBOX_INIT", "VIDEO_LIST"}, fields={"video.title"}))
    gate = await desk.gate("bot")
    waiting = await proposed(gate)
    record = tmp_path / "record.jsonl"
    with full_disk(record):
        assert (await gate.call("videos", {"limit": 1}))["outcome"] == "ok"
        for tool, level in (("propose_post", {"privacy_level": "SELF_ONLY"}), ("send_draft", {})):
            answer = await gate.call(tool, {"file": "clip.mp4", **level})
            assert answer["said"].startswith("The record of calls cannot be written")
        with pytest.raises(StoreError):
            await desk.approve(waiting, approver=approver)
        with pytest.raises(StoreError):
            await desk.add(grant_of(agent="other"))
    assert len(emulator.posts) == 0
    assert (await gate.call("videos", {"limit": 1}))["outcome"] == "ok"
    assert (await desk.verify()).intact
    assert b'"missed":4,' in record.read_bytes()  # two lines of the reading call, one line of each refused call


async def test_every_call_is_recorded_with_its_outcome(desk: AgentDesk, grant_of: GrantOf, approver: Secret) -> None:
    await desk.add(grant_of(operations={"VIDEO_LIST", "VIDEO_INIT"}, fields={"video.title"}))
    gate = await desk.gate("bot")
    await gate.call("videos", {"limit": 2})
    await gate.call("videos", {"limit": 200})
    await gate.call("profile", {})
    proposal = await proposed(gate)
    await desk.approve(proposal, approver=approver)
    calls = await desk.log()
    assert [(call.agent, call.tool, call.operation, call.outcome) for call in calls] == [
        ("owner", "add approver", None, "ok"),
        ("owner", "add", None, "ok"),
        ("bot", "videos", "VIDEO_LIST", "ok"),
        ("bot", "videos", "VIDEO_LIST", "refused"),
        ("bot", "profile", None, "refused"),
        ("bot", "propose_post", "VIDEO_INIT", "ok"),
        ("anna", "approve", "VIDEO_INIT", "ok"),
    ]
    assert calls[2].log_id
    assert calls[2].arguments == {"limit": 2}
    assert calls[5].proposal == calls[6].proposal == proposal
    assert [call.call for call in await desk.log(agent="bot", last=1)] == [calls[5].call]


async def test_a_call_without_an_outcome_is_unknown(emulator: Emulator, desk: AgentDesk, grant_of: GrantOf) -> None:
    await desk.add(grant_of(operations={"VIDEO_LIST"}, fields={"video.title"}))
    gate = await desk.gate("bot")
    emulator.fail_next(Endpoint.VIDEO_LIST, delay=timedelta(hours=1))
    call = asyncio.ensure_future(gate.call("videos", {}))
    while not emulator.requests.to(Endpoint.VIDEO_LIST):
        await asyncio.sleep(0.001)
    assert (await desk.log())[-1].outcome == "unknown"
    call.cancel()
    await asyncio.wait([call])
    assert (await desk.log())[-1].outcome == "unknown"


async def test_no_secret_of_the_arguments_is_recorded(desk: AgentDesk, gate: AgentGate, tmp_path: Path) -> None:
    await gate.call(
        "propose_post", {"title": "act.tokentoken", "file": "x?access_token=hunter2", "deep": [{"a": "rft.x"}]}
    )
    await gate.call("act.secret", {"\ud800": "\udfff", "n": 2**70, "f": 0.5, "long": "x" * 10_000})
    text = (tmp_path / "record.jsonl").read_text()
    assert not [secret for secret in ("tokentoken", "hunter2", "rft.x", "act.secret") if secret in text]
    assert len(text) < 10_000
    assert (await desk.verify()).intact


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    st.dictionaries(
        st.text(max_size=5),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
            max_leaves=8,
        ),
        max_size=4,
    )
)
async def test_any_arguments_of_an_agent_are_recorded_and_break_nothing(
    desk: AgentDesk, gate: AgentGate, session: TikTokSession, arguments: dict[str, object]
) -> None:
    assert isinstance(session.store, MemoryTokenStore)
    answer = await gate.call("propose_post", arguments)
    assert answer["outcome"] == "refused"
    assert (await desk.verify()).intact
