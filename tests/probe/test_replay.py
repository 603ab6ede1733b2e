"""A report becomes an emulator that gives the answers which were recorded, and tells what they contradict."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from tests.probe.conftest import EVERY_SCOPE, world
from tiktok_async.emulator import Quirks, parse_quirks, quirks_from
from tiktok_async.models import Scope
from tiktok_async.probe import BY_ID, QUESTIONS, Level, contradictions, line_of
from tiktok_async.probe.rules.report import read_answers

REPORTS = sorted((Path(__file__).parents[1] / "reports").glob("*.json"))

# Two drafts that get no bytes and the clip fill the creator's inbox; unsettled cursors have no listing to go with.
_APART = {
    "posting.audited": "false",
    "cursor_stands_still": "true",
    "short_pages": "true",
    "posting.megabyte": "binary",
}


def others() -> Iterable[str]:
    """Return each quirk's other side, all of which fit together."""
    for question in QUESTIONS:
        if question.ask is not None and question.quirk is not None and question.quirk not in _APART:
            yield f"{question.quirk}={next(side for side in question.sides if side != question.assumed)}"


MIXES = {
    "the usual": [],
    "all others": [*others(), "posting.megabyte=decimal"],
    "short pages": ["short_pages=true", "posting.megabyte=binary"],
    "no audit": ["posting.audited=false", "cursor_stands_still=true"],
}


async def sides(quirks: Quirks, **about: Any) -> tuple[dict[str, Any], dict[str, str | None]]:
    async with world(quirks, **about) as opened:
        report = await opened.probe(Level.POST).run()
    return report, {row["question"]: row["side"] for row in report["answers"]}


@pytest.mark.parametrize("mix", MIXES)
async def test_the_replayed_emulator_gives_the_answers_that_were_recorded(mix: str) -> None:
    scopes = EVERY_SCOPE - {Scope.USER_INFO_STATS}
    recorded, first = await sides(parse_quirks(MIXES[mix]), scopes=scopes)
    quirks = quirks_from(json.loads(json.dumps(recorded)))
    _, second = await sides(quirks, scopes=scopes)
    assert second == first
    told = [side for side in first.values() if side is not None]
    assert len(told) >= 35


@pytest.mark.parametrize("file", REPORTS, ids=lambda file: file.stem)
async def test_a_kept_report_is_a_test(file: Path) -> None:
    report = json.loads(file.read_text(encoding="utf-8"))
    kept = {name: answer.side for name, answer in read_answers(report, BY_ID).items()}
    _, found = await sides(quirks_from(file), scopes=EVERY_SCOPE - {Scope.USER_INFO_STATS})
    # What a report does not tell, and what depends on the account, the emulator need not repeat.
    assert {name: found[name] for name, side in kept.items() if side is not None} == {
        name: side for name, side in kept.items() if side is not None
    }


def test_reports_are_kept() -> None:
    assert len(REPORTS) >= 2


@pytest.mark.parametrize(
    "report",
    [{}, {"format": 2, "answers": []}, {"format": 1}, {"format": 1, "answers": [3]}, [], {"format": 1, "answers": 3}],
)
def test_what_is_no_report_makes_no_quirks(report: Any, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text(json.dumps(report))
    with pytest.raises(ValueError, match="report"):
        quirks_from(file)


def test_an_unknown_quirk_is_refused() -> None:
    answer = {"question": "rotation", "quirk": "rotatoin", "side": "none"}
    with pytest.raises(ValueError, match="no quirk is called"):
        quirks_from({"format": 1, "answers": [answer]})


@pytest.mark.parametrize("question", [one for one in QUESTIONS if one.assumed is not None], ids=lambda one: one.id)
def test_what_is_assumed_stands_in_the_line_that_is_named(question: Any) -> None:
    assert question.assumed in question.sides
    file, _, number = line_of(question).partition(":")
    assert int(number) > 1
    if question.quirk is not None:
        assert file == "emulator/engine/quirks.py"
        assumed = parse_quirks([f"{question.quirk}={question.assumed}"])
        area = question.quirk.partition(".")[0]
        assert assumed == evolve(Quirks(), **{area: getattr(assumed, area)})
        assert assumed == Quirks()


async def test_answers_that_are_not_the_assumed_ones_are_told_with_their_line() -> None:
    report, _ = await sides(parse_quirks(["rotation=none", "end_cursor=zero"]))
    found = contradictions(read_answers(report, BY_ID))
    assert [(one.question.id, one.side) for one in found] == [("rotation", "none"), ("end_cursor", "zero")]
    lines = (Path(__file__).parents[2] / "tiktok_async/emulator/engine/quirks.py").read_text().splitlines()
    numbers = [int(one.line.partition(":")[2]) for one in found]
    assert [lines[number - 1].split(":")[0].strip() for number in numbers] == ["rotation", "end_cursor"]
