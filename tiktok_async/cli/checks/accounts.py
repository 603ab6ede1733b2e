"""The accounts in the store: whether they can be read, and which scopes they granted."""

from collections import Counter
from collections.abc import Iterable, Iterator

from attrs import define, field

from tiktok_async.abc import TokenStore
from tiktok_async.cli.checks.finding import Finding, Level
from tiktok_async.errors import DecryptionError, StoreError
from tiktok_async.models import Scope, Token, TokenState

_SUBJECT = "accounts"
# Reading more of them would take minutes and tell nothing new.
_MOST = 10_000


@define
class _Count:
    """Counts of the accounts that were read."""

    seen: int = 0
    ended: int = 0
    closed: int = 0
    active: int = 0
    lacking: Counter[str] = field(factory=Counter[str])
    example: dict[str, str] = field(factory=dict[str, str])

    def add(self, token: Token, wanted: Iterable[str]) -> None:
        """Count one account."""
        if token.state is not TokenState.ACTIVE:
            self.ended += 1
            return
        self.active += 1
        for scope in wanted:
            if scope not in token.scopes:
                self.lacking[scope] += 1
                self.example.setdefault(scope, token.key.open_id)


async def check_accounts(store: TokenStore, client_key: str, scopes: Iterable[str]) -> list[Finding]:
    """Return the findings about the stored accounts.

    Args:
        store: The token store.
        client_key: The app's key.
        scopes: The scopes that the app uses; every account should have granted each.
    """
    wanted = sorted(set(scopes))
    findings = list(_unknown(wanted))
    count = _Count()
    try:
        async for key in store.keys(client_key):
            if count.seen >= _MOST:
                break
            count.seen += 1
            try:
                token = await store.get(key)
            except DecryptionError:
                count.closed += 1
                continue
            if token is not None:
                count.add(token, wanted)
    except StoreError as error:
        return [*findings, Finding("store", Level.DANGEROUS, f"It cannot be read. {error}")]
    findings += _findings(count)
    return [Finding("store", Level.OK, f"It can be read, and holds {_many(count.seen)}."), *findings]


def _findings(count: _Count) -> Iterator[Finding]:
    if count.closed:
        what = f"The keys in TIKTOK_STORE_KEY cannot decrypt {_many(count.closed)}."
        yield Finding(_SUBJECT, Level.DANGEROUS, what, "Add the key they were encrypted with, after the newest key.")
    if count.ended:
        what = f"{_many(count.ended)} must log in again."
        yield Finding(_SUBJECT, Level.DOUBTFUL, what, "`tiktok-async accounts` says which and why.")
    for scope, missing in sorted(count.lacking.items()):
        # A creator may uncheck a scope. If no creator granted it, the app probably does not ask for it.
        level = Level.DANGEROUS if missing == count.active else Level.DOUBTFUL
        who = f"account {count.example[scope]}" if missing == 1 else f"{_many(missing)}, such as {count.example[scope]}"
        advice = "Ask for it at login. Users who are logged in must log in again."
        yield Finding("scopes", level, f"{scope} was not granted by {who}.", advice)


def _unknown(scopes: Iterable[str]) -> Iterator[Finding]:
    for scope in scopes:
        if scope not in set(Scope):
            yield Finding("scopes", Level.DOUBTFUL, f"{scope} is not a known scope.", "Look for a misspelling.")


def _many(count: int) -> str:
    if count >= _MOST:
        return f"{count:,} accounts or more"
    return f"{count:,} account{'' if count == 1 else 's'}"
