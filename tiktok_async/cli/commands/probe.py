"""`tiktok-async probe`."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from tiktok_async.cli._folders import state_folder
from tiktok_async.cli._output import Json, note, write_json, write_table
from tiktok_async.cli._session import DEFAULTS, Account, Options, opened, pick
from tiktok_async.errors import ConfigurationError, TikTokError
from tiktok_async.probe._question import Level

if TYPE_CHECKING:
    # Loaded only when TikTok is asked, so `--help` is fast.
    from tiktok_async.probe import Answer, Plan, Question, RunState

_Flag = Annotated[bool, Parameter(negative="", show_default=False)]
_COLUMNS = ("question", "tiktok", "assumed", "line")


async def command(
    *,
    level: Level | None = None,
    self_only: _Flag = False,
    out: Path | None = None,
    yes: Annotated[bool, Parameter(name=("--yes", "-y"), negative="", show_default=False)] = False,
    go_on: Annotated[bool, Parameter(name="--continue", negative="", show_default=False)] = False,
    replay: Path | None = None,
    json: Json = False,
    account: Account = None,
    options: Options = DEFAULTS,
) -> None:
    """Ask TikTok questions on which its pages disagree, and write a report without your data.

    The plan is shown first. At the first sign of harm, such as a 429, the probe stops. Answers that differ from this
    library's assumptions go to standard output, each with the line of code that states the assumption.

    Args:
        level: What may be done: read (the default) changes nothing; rotate refreshes the account's token once; draft
            sends one generated clip to the inbox; post posts it, visible only to its creator. Each includes those
            before it.
        self_only: Confirms for --level post that only the creator can see the post. No other audience is possible.
        out: The report's file, which must not exist; by default tiktok-probe-DATE.json.
        yes: Do not ask whether to go on.
        go_on: Continue the account's interrupted run, at its level.
        replay: Show the answers in a report's file, and send nothing to TikTok.
        json: Write the report as one JSON document instead of a table.
        account: The account's open_id; may be left out if there is only one.
        options: The session's options.
    """
    if replay is not None:
        _replay(replay, json=json)
        return
    if level is Level.POST and not self_only:
        raise ConfigurationError("Only the creator can see a probe's post: confirm it with --level post --self-only.")
    file = out or Path(f"tiktok-probe-{datetime.now(UTC):%Y-%m-%d}.json")
    _check_file(file)
    report, state = await _ask(level, yes=yes, go_on=go_on, account=account, options=options)
    _write(file, report)
    if report["stopped"] is None:
        state.forget()
    note(f"The report is in {file}. It was not sent anywhere. See the page `probe` of the documentation for its use.")
    _show(report, json=json)
    if report["stopped"] is not None:
        raise TikTokError(
            f"TikTok answered with {report['stopped']}, so nothing more was asked. Wait some hours, then continue with "
            "`tiktok-async probe --continue`."
        )


async def _ask(
    level: Level | None, *, yes: bool, go_on: bool, account: str | None, options: Options
) -> "tuple[dict[str, Any], RunState]":
    from tiktok_async.probe import Probe, Watch

    watch = Watch()
    async with opened(options, transport=watch.around) as (session, _):
        open_id = (await pick(session, None, account)).open_id
        state = _state(session.client_key, open_id, level, go_on=go_on)
        probe = Probe(session, watch, open_id, state)
        await _confirm(await probe.plan(), yes=yes)
        return await probe.run(_tell), state


def _state(client_key: str, open_id: str, level: Level | None, *, go_on: bool) -> "RunState":
    from tiktok_async._files import make_private_folders
    from tiktok_async.probe import RunState, mark_of

    mark = mark_of(client_key, open_id)
    top = state_folder()
    file = top / "probe" / f"{mark}.json"
    if go_on:
        state = RunState.load(file, mark)
        if level not in (None, state.level):
            raise ConfigurationError(f"The interrupted run has --level {state.level}. Leave --level out to go on.")
        return state
    try:
        make_private_folders(top, file.parent)
    except OSError as error:
        raise ConfigurationError(f"Runs are kept in {file.parent}, which cannot be made: {error.strerror}.") from None
    return RunState(file=file, mark=mark, level=level or Level.READ)


async def _confirm(plan: "Plan", *, yes: bool) -> None:
    note(f"Level {plan.level}: {len(plan.questions)} questions, at most these calls:")
    for calls in plan.calls:
        limit = f", TikTok's limit: {calls.limit}" if calls.limit else ""
        changes = f"; {calls.changes}" if calls.changes else ""
        note(f"  {calls.times} x {calls.what}{limit}{changes}")
    if plan.lacking:
        note(f"Not asked, since the account did not grant a scope: {', '.join(one.id for one in plan.lacking)}")
    if yes:
        return
    if not sys.stdin.isatty():
        raise ConfigurationError("There is no terminal to ask for confirmation. Read the plan, then use --yes.")
    sys.stderr.write("Go on? [y/N] ")
    sys.stderr.flush()
    if (await asyncio.to_thread(sys.stdin.readline)).strip().lower() not in ("y", "yes"):
        raise ConfigurationError("Nothing was asked.")


def _tell(question: "Question", answer: "Answer") -> None:
    words = str(answer.outcome).replace("_", " ") if answer.side is None else question.sides[answer.side]
    note(f"{question.asks}: {words}")


def _check_file(file: Path) -> None:
    if file.exists() or file.is_symlink():
        raise ConfigurationError(f"{file} already exists. Name another file by --out.")
    if not file.absolute().parent.is_dir():
        raise ConfigurationError(f"The report cannot be written to {file.parent}: there is no such folder.")


def _write(file: Path, report: "dict[str, Any]") -> None:
    import orjson

    from tiktok_async._files import create_private

    try:
        with create_private(file) as opened_file:
            opened_file.write(orjson.dumps(report, option=orjson.OPT_INDENT_2) + b"\n")
    except OSError as error:
        raise ConfigurationError(f"The report cannot be written to {file}: {error.strerror}.") from None


def _replay(file: Path, *, json: bool) -> None:
    import orjson

    try:
        report: Any = orjson.loads(file.read_bytes())
    except (OSError, ValueError):
        raise ConfigurationError(f"{file} is not a report: it cannot be read as JSON.") from None
    _show(report, json=json)


def _show(report: Any, *, json: bool) -> None:  # noqa: ANN401 - JSON
    from tiktok_async.emulator import quirks_from
    from tiktok_async.probe import BY_ID, contradictions
    from tiktok_async.probe.rules.report import read_answers

    answers = read_answers(report, BY_ID)
    quirks_from(report)
    if json:
        write_json(report)
        return
    found = contradictions(answers)
    rows = [
        (one.question.asks, one.question.sides[one.side], one.question.sides[str(one.question.assumed)], one.line)
        for one in found
    ]
    told = sum(answer.side is not None for answer in answers.values())
    note(f"{told} of {len(answers)} questions were answered; {len(found)} answers differ from the assumptions.")
    if rows:
        write_table(_COLUMNS, rows)
