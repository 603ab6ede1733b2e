"""A report holds nothing of any answer but words of the allow list."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from attrs import evolve

from tests.probe.conftest import EVERY_SCOPE, world
from tiktok_async import ReportRefused, TikTokError
from tiktok_async.abc import Transport
from tiktok_async.emulator import PostingQuirks, Quirks
from tiktok_async.models._http import RawResponse, Request
from tiktok_async.probe import BY_ID, QUESTIONS, Answer, Level, Outcome, RunState, Watch
from tiktok_async.probe.rules.report import check_texts, check_words, make_report
from tiktok_async.probe.rules.words import WORDS, code_word, digits_of, key_words, kind_word, life_word, one_of

CANARY = "canary"


class Mutator:
    """Changes each answer: puts canaries in every place, and replaces values by values of any type."""

    def __init__(self, inner: Transport, rng: random.Random, *, wild: bool) -> None:
        self._inner = inner
        self._dice = rng
        self._wild = wild
        self.mutated = 0
        self.logged_in = False

    async def send(self, request: Request) -> RawResponse:
        raw = await self._inner.send(request)
        self.mutated += 1
        headers = {**raw.headers, "X-Canary": f"{CANARY}-header-{self._dice.random()}"}
        try:
            body = orjson.loads(raw.body)
        except orjson.JSONDecodeError:
            return RawResponse(status=raw.status, headers=headers, body=raw.body + f" {CANARY}-body".encode())
        if isinstance(body, dict):
            body[f"{CANARY}_key_{self._dice.random()}"] = f"{CANARY}-value-{self._dice.random()}"
        if self._wild and (self.logged_in or "oauth/token" not in str(request.url)):
            for _ in range(self._dice.randrange(3)):
                self._change(body)
        status = self._dice.choice((200, 400, 418)) if self._wild and self._dice.random() < 0.1 else raw.status
        return RawResponse(status=status, headers=headers, body=orjson.dumps(body))

    async def aclose(self) -> None:
        pass

    def _change(self, body: Any) -> None:
        places = list(places_of(body))
        if places:
            holder, key = self._dice.choice(places)
            holder[key] = self._dice.choice(
                (
                    f"{CANARY}-text-{self._dice.random()}",
                    self._dice.randrange(10**12, 10**19),
                    None,
                    True,
                    [],
                    {f"{CANARY}-inner": f"{CANARY}-deep"},
                    [f"{CANARY}-{self._dice.random()}"],
                    -1.5,
                )
            )


def places_of(body: Any) -> Iterator[tuple[Any, Any]]:
    inner = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for key, value in inner:
        yield body, key
        yield from places_of(value)


OTHERS = Quirks(posting=PostingQuirks(audited=False, upload_range="count"), error_data="absent", token_reply="v1")


@pytest.mark.parametrize("wild", [False, True])
async def test_no_canary_of_any_answer_is_in_a_report(*, wild: bool, full: bool, tmp_path: Path) -> None:
    wanted, answers, seed = (5_000 if full else 150), 0, 0
    while answers < wanted:
        seed += 1
        rng = random.Random(seed)
        mutators: list[Mutator] = []

        def around(own: Transport, rng: random.Random = rng, into: list[Mutator] = mutators) -> Transport:
            into.append(Mutator(own, rng, wild=wild))
            return into[0]

        about: dict[str, Any] = {
            "display_name": f"{CANARY} Ann",
            "username": f"{CANARY}_ann",
            "bio_description": f"{CANARY} bio",
        }
        quirks = OTHERS if seed % 2 else None
        file = tmp_path / f"run-{seed}-{wild}.json"
        async with world(quirks, scopes=EVERY_SCOPE, around=around, **about) as opened:
            mutators[0].logged_in = True
            probe = opened.probe(Level.POST, file)
            try:
                report = await probe.run()
            except TikTokError:
                # A token that cannot be read ends a run.
                report = probe.report()
            token = await opened.session.store.get(await anext(opened.session.store.keys(opened.session.client_key)))
            assert token is not None
            secrets = [token.access_token.reveal(), token.refresh_token.reveal(), opened.emulator.client_secret]
            kept = file.read_text(encoding="utf-8") if file.exists() else ""
            written = orjson.dumps(report).decode() + kept
            hidden = [CANARY, *secrets, opened.user.open_id, opened.user.union_id, opened.session.client_key]
            assert [one for one in hidden if one in written] == []
            assert wild or len(report["answers"]) >= 40
        answers += mutators[0].mutated


async def test_a_question_that_copies_a_text_writes_no_report() -> None:
    """A question with a mistake: it copies a text of an answer."""
    state = RunState(file=None, mark="m", level=Level.READ)
    state.answers["ok_message"] = Answer(outcome=Outcome.ANSWERED, side="ok", facts={"message": "Ann's own words"})
    async with world() as opened:
        with pytest.raises(ReportRefused) as refused:
            opened.probe(Level.READ, state=state).report()
    assert refused.value.where.endswith("facts.message")
    assert "Ann" not in str(refused.value)


def report_of(**answers: Answer) -> dict[str, Any]:
    return make_report(
        QUESTIONS, answers, library="1.2.3", asked_on="2026-11-28", server="tiktok", level=Level.READ, stopped=None
    )


def test_a_text_of_an_answer_is_found_in_a_report_even_if_a_list_allows_it() -> None:
    report = report_of(rotation=Answer(outcome=Outcome.ANSWERED, side="strict"))
    text = orjson.dumps(report).decode()
    check_texts(text, {"Ann Canary", "act.abc"}, report)
    # A part of the list's own words discloses nothing.
    check_texts(text, {"rotation", "strict", "read", "2026"}, report)
    with pytest.raises(ReportRefused):
        check_texts(text.replace("strict", "stAnn Canaryct"), {"Ann Canary"}, report)


GOOD = report_of(rotation=Answer(outcome=Outcome.ANSWERED, side="strict", facts={"status": 200, "keys": ["cursor"]}))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("library",), "1.2.3+ann"),
        (("library",), 3),
        (("asked_on",), "2026-11-28T20:00:00"),
        (("server",), "ann.example"),
        (("level",), "all"),
        (("stopped",), "Ann"),
        (("format",), True),
        (("answers",), {}),
        (("answers", 0, "question"), "Ann"),
        (("answers", 0, "question"), ["rotation"]),
        (("answers", 0, "quirk"), "rotation "),
        (("answers", 0, "side"), "Ann"),
        (("answers", 0, "side"), None),
        (("answers", 0, "outcome"), "Ann"),
        (("answers", 0, "facts"), []),
        (("answers", 0, "facts", "status"), 7_000_000_000_000_000_001),
        (("answers", 0, "facts", "status"), -1),
        (("answers", 0, "facts", "status"), 1.5),
        (("answers", 0, "facts", "keys"), ["Ann"]),
        (("answers", 0, "facts", "keys"), {"cursor": 1}),
        (("answers", 0, "facts", "Ann"), 1),
        (("answers", 0, "Ann"), 1),
        (("Ann",), 1),
    ],
)
def test_a_report_with_a_value_that_no_list_allows_is_refused(place: tuple[Any, ...], value: Any) -> None:
    check_words(GOOD, BY_ID)
    report = orjson.loads(orjson.dumps(GOOD))
    holder = report
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = value
    with pytest.raises(ReportRefused):
        check_words(report, BY_ID)


def test_any_value_is_replaced_by_a_word_of_the_list() -> None:
    values: list[Any] = [None, True, 3, 3.5, -3, "Ann", "77", "", [], {}, {"Ann": 1}, b"Ann", 10**30, "\u0663"]
    for value in values:
        assert {code_word(value), kind_word(value), life_word(value), one_of(value, ["a"])} <= WORDS | {"a"}
        assert 0 <= digits_of(value) <= 40
        assert set(key_words(value)) == {"keys", "other_keys"}


def test_a_watch_sees_every_text_of_an_answer_and_of_a_request() -> None:
    watch = Watch()
    body = {"data": {"Ann's key": ["deep text", 7_000_000_000_000_000_001, {"x": "deeper text"}]}}
    watch.answer("/v2/x/", RawResponse(status=200, headers={"X-Tt-Logid": "2026LOG"}, body=orjson.dumps(body)))
    watch.answer("/v2/x/", RawResponse(status=502, headers={}, body=b"<html>Ann's page</html>"))
    assert {"Ann's key", "deep text", "7000000000000000001", "deeper text", "2026LOG"} <= watch.texts
    assert any("Ann's page" in text for text in watch.texts)


def test_every_fact_and_side_of_an_answer_may_stand_in_a_report() -> None:
    for question in QUESTIONS:
        for side in question.sides:
            answer = Answer(outcome=Outcome.ANSWERED, side=side)
            check_words(report_of(**{question.id: answer}), BY_ID)
            check_words(report_of(**{question.id: evolve(answer, outcome=Outcome.UNDECIDED, side=None)}), BY_ID)
