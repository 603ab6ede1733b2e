"""One run: the plan that is shown, the questions in their order, the stop at the first sign of harm, and the report."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

import orjson
from attrs import evolve, frozen

from tiktok_async._calls.rules.endpoints import BY_PATH
from tiktok_async.errors import ConfigurationError, ReauthorizationRequired, TikTokError, TokenNotSaved
from tiktok_async.models import Endpoint, Scope
from tiktok_async.probe._asking import Asking, Interrupted
from tiktok_async.probe._question import Answer, Level, Outcome, Question
from tiktok_async.probe._state import RunState
from tiktok_async.probe._watch import Watch
from tiktok_async.probe.questions import BY_ID, QUESTIONS
from tiktok_async.probe.rules.report import check_texts, check_words, make_report

if TYPE_CHECKING:
    from tiktok_async.session import TikTokSession

__all__ = ["Plan", "PlannedCalls", "Probe"]

_TIKTOK: Final = "https://open.tiktokapis.com"
_ENOUGH: Final = timedelta(minutes=10)


@frozen(kw_only=True)
class PlannedCalls:
    """Calls of one kind that a run would make.

    Attributes:
        what: The endpoint's path, or the host.
        times: How many at most.
        limit: TikTok's limit for it, in words; empty if none is documented.
        changes: What they change; empty if they only read.
    """

    what: str
    times: int
    limit: str
    changes: str


@frozen(kw_only=True)
class Plan:
    """What a run would do.

    Attributes:
        level: What it may do.
        questions: What it would ask.
        lacking: What it would not ask, since the account did not grant the scope.
        calls: What it would send.
    """

    level: Level
    questions: tuple[Question, ...]
    lacking: tuple[Question, ...]
    calls: tuple[PlannedCalls, ...]


_CHANGES: Final[dict[tuple[str, str | None], str]] = {
    (Endpoint.TOKEN.path, "refresh"): "rotates the account's token, and stores it",
    (Endpoint.INBOX_INIT.path, "clip"): "sends one clip to the inbox",
    (Endpoint.INBOX_INIT.path, None): "begins drafts that get no bytes",
    (Endpoint.VIDEO_INIT.path, "post"): "posts one clip, visible only to the creator",
    (Endpoint.VIDEO_INIT.path, None): "begins a post that gets no bytes",
}


class Probe:
    """Asks the questions of a level.

    Args:
        session: The session; its transport is *watch*.
        watch: Sees the answers.
        open_id: Whose account.
        state: What is known so far, and the run's level.
    """

    def __init__(self, session: "TikTokSession", watch: Watch, open_id: str, state: RunState) -> None:
        self._session = session
        self._watch = watch
        self._state = state
        self._asking = Asking(session, watch, open_id, state.level, begun=state.earlier, begin=state.begin)
        self._refused: set[Scope] = set()
        self._server = "tiktok" if self._asking.runtime.base_url.rstrip("/") == _TIKTOK else "another"

    async def plan(self) -> Plan:
        """Return what a run would do from here on.

        Raises:
            AccountNotFound: The account has no token.
        """
        granted = (await self._asking.stored()).scopes
        asked = [question for question in _of(self._state.level) if self._is_open(question)]
        lacking = [question for question in asked if question.whose == "user" and not question.scopes <= granted]
        questions = tuple(question for question in asked if question not in lacking)
        return Plan(
            level=self._state.level, questions=questions, lacking=tuple(lacking), calls=tuple(self._calls(questions))
        )

    async def run(self, told: Callable[[Question, Answer], None] | None = None) -> dict[str, Any]:
        """Ask what is open, and return the report. Another `Probe` can continue an interrupted run.

        Args:
            told: Called with each answer.

        Raises:
            ReauthorizationRequired: The account has to log in again.
            TokenNotSaved: TikTok gave a new token that the store does not take.
            ReportRefused: The report would contain something forbidden.
            ConfigurationError: The access token is about to end, and level `read` does not refresh.
        """
        self._collect_secrets(await self._asking.stored())
        await self._check_life()
        for question in _of(self._state.level):
            if question.steps and self._is_open(question) and self._watch.harm is None:
                await self._put(question, told)
        for question in _of(self._state.level):
            if not question.steps and self._is_open(question):
                # It is judged from the answers that were seen.
                await self._put(question, told)
        return self.report()

    def report(self) -> dict[str, Any]:
        """Return the report of what is known.

        Raises:
            ReportRefused: It would contain something forbidden.
        """
        report = make_report(
            QUESTIONS,
            self._state.answers,
            library=version("tiktok-async"),
            asked_on=f"{self._session.clock.now():%Y-%m-%d}",
            server=self._server,
            level=self._state.level,
            stopped=self._watch.harm,
        )
        check_words(report, BY_ID)
        check_texts(orjson.dumps(report).decode(), self._watch.texts, report)
        return report

    async def _put(self, question: Question, told: Callable[[Question, Answer], None] | None) -> None:
        answer = await self._answer(question)
        if self._watch.harm is not None and answer.outcome is not Outcome.ANSWERED and not question.level.sends:
            # Another run asks it again.
            return
        self._state.add(question.id, answer)
        if told is not None:
            told(question, answer)

    async def _answer(self, question: Question) -> Answer:
        granted = (await self._asking.stored()).scopes if question.whose == "user" else question.scopes
        if question.ask is None or not question.scopes <= granted or question.scopes & self._refused:
            return Answer(outcome=Outcome.NOT_GRANTED)
        try:
            answer = await question.ask(self._asking)
        except Interrupted:
            return Answer(outcome=Outcome.INTERRUPTED)
        except (ReauthorizationRequired, TokenNotSaved):
            raise
        except (TikTokError, ValueError, TypeError, LookupError, AttributeError):
            # No answer, whatever its form, may end the run or be shown.
            return Answer(outcome=Outcome.FAILED)
        if answer.side is not None and answer.side not in question.sides:
            return evolve(answer, outcome=Outcome.UNDECIDED, side=None)
        if answer.outcome is Outcome.NOT_GRANTED and question.whose == "app":
            self._refused |= question.scopes
        return answer

    async def _check_life(self) -> None:
        token = await self._asking.stored()
        if token.expires_at - self._session.clock.now() > _ENOUGH:
            return
        if not self._state.level.includes(Level.ROTATE):
            raise ConfigurationError(
                "The stored access token ends in less than ten minutes, and level read does not refresh it. Refresh it "
                "first with `tiktok-async refresh`, or ask with --level rotate."
            )
        if not any(question.level is Level.ROTATE and self._is_open(question) for question in QUESTIONS):
            await self._asking.session.oauth.refresh(self._asking.open_id)

    def _is_open(self, question: Question) -> bool:
        known = self._state.answers.get(question.id)
        return known is None or (known.outcome is Outcome.FAILED and not question.level.sends)

    def _collect_secrets(self, token: Any) -> None:  # noqa: ANN401 - a Token
        secrets = (token.access_token.reveal(), token.refresh_token.reveal(), self._asking.client_secret.reveal())
        for text in (*secrets, token.key.open_id, token.key.client_key):
            self._watch.collect(text)

    def _calls(self, questions: Iterable[Question]) -> Iterable[PlannedCalls]:
        shared: dict[tuple[str, str | None], int] = {}
        for step in (step for question in questions for step in question.steps):
            key = (step.name, step.shared)
            known = shared.get(key, 0)
            shared[key] = max(known, step.times) if step.shared is not None else known + step.times
        names = dict.fromkeys(name for name, _ in shared)
        for name in names:
            rows = {key: times for key, times in shared.items() if key[0] == name}
            changes = "; ".join(_CHANGES[key] for key in rows if key in _CHANGES)
            yield PlannedCalls(what=name, times=sum(rows.values()), limit=self._limit(name), changes=changes)

    def _limit(self, path: str) -> str:
        spec = BY_PATH.get(path)
        if spec is None:
            return ""
        _, limit = self._asking.runtime.sender.slots.limit_of(spec, self._asking.open_id)
        return "" if limit is None else f"{limit.count} in {limit.per.total_seconds():.0f} s"


def _of(level: Level) -> list[Question]:
    return [question for question in QUESTIONS if question.ask is not None and level.includes(question.level)]
