"""Puts of tokens in PostgreSQL: any number in one statement, each with its outcome."""

from collections.abc import Sequence
from datetime import datetime

from attrs import define, field

from tiktok_async.errors import TokenConflict
from tiktok_async.models import Token, TokenState
from tiktok_async_stores.codec.records import read_token, write_token
from tiktok_async_stores.codec.tokens import to_microseconds
from tiktok_async_stores.postgres.link import ConnectionLost, PostgresLink, names

# The usual put: the record exists in the expected version.
_UPDATE = """
UPDATE {schema}.tokens SET version = version + 1, active = %s, expires_at = %s, body = %s
WHERE client_key = %s AND open_id = %s AND version = %s RETURNING version
"""
# Any number of puts, one for each account. The existing records are locked first, always in the same order, so no two
# of these statements wait for each other. A record that was inserted meanwhile is neither found nor replaced, and has
# no row in the answer.
_PUT = """
WITH wanted AS MATERIALIZED (
    SELECT client_key COLLATE "C" AS client_key, open_id COLLATE "C" AS open_id, expected, active, expires_at, body
    FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::boolean[], %s::timestamptz[], %s::bytea[])
        AS each (client_key, open_id, expected, active, expires_at, body)
), found AS MATERIALIZED (
    SELECT token.client_key, token.open_id, token.version, token.body, wanted.expected
    FROM {schema}.tokens AS token JOIN wanted USING (client_key, open_id)
    ORDER BY client_key, open_id FOR UPDATE OF token
), updated AS (
    UPDATE {schema}.tokens AS token SET
        version = found.version + 1, active = wanted.active, expires_at = wanted.expires_at, body = wanted.body
    FROM found JOIN wanted USING (client_key, open_id)
    WHERE token.client_key = found.client_key AND token.open_id = found.open_id
        AND (found.expected IS NULL OR found.expected = found.version)
    RETURNING token.client_key, token.open_id, token.version
), inserted AS (
    INSERT INTO {schema}.tokens (client_key, open_id, version, active, expires_at, body)
    SELECT client_key, open_id, 1, active, expires_at, body FROM wanted
    WHERE coalesce(expected, 0) = 0 AND NOT EXISTS (
        SELECT FROM found WHERE found.client_key = wanted.client_key AND found.open_id = wanted.open_id
    )
    ORDER BY client_key, open_id
    ON CONFLICT DO NOTHING RETURNING client_key, open_id, version
)
SELECT client_key, open_id, true, version, NULL::bytea FROM updated
UNION ALL SELECT client_key, open_id, true, version, NULL::bytea FROM inserted
UNION ALL SELECT client_key, open_id, false, version, body FROM found
    WHERE NOT (expected IS NULL OR expected = version)
"""
GET_MANY = """
SELECT wanted.place, token.version, token.body
FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS wanted (client_key, open_id, place)
JOIN {schema}.tokens AS token
ON token.client_key = wanted.client_key COLLATE "C" AND token.open_id = wanted.open_id COLLATE "C"
"""
"""Takes the client_keys and the open_ids; answers with the place of each existing record, from 1 on."""


@define(eq=False)
class Put:
    """A token to put, the expected stored version, and the outcome.

    Attributes:
        token: The token to store.
        expected: The expected stored version, 0 for none, `None` for any.
        active: Whether it is listed among those that expire.
        expires_at: When it expires.
        body: The record.
        names: Where it is stored.
        unsure: Whether it was sent before with an unknown outcome.
        outcome: Its new version, or the conflict.
    """

    token: Token
    expected: int | None
    active: bool
    expires_at: datetime
    body: bytes
    names: tuple[str, str]
    unsure: bool = False
    outcome: int | TokenConflict | None = field(default=None)

    @classmethod
    def of(cls, token: Token, expected: int | None) -> "Put":
        """Make one, or refuse a token that cannot be stored, before it is combined with others.

        Raises:
            ValueError: A time is naive.
            StoreError: A name cannot be stored.
        """
        to_microseconds(token.expires_at)
        active = token.state is TokenState.ACTIVE
        return cls(token, expected, active, token.expires_at, write_token(token), names(token.key))

    def refuse(self, actual: int | None) -> None:
        """Note that another version is stored."""
        self.outcome = TokenConflict(
            self.token.key.open_id, expected_version=self.expected or None, actual_version=actual
        )


async def put_all(link: PostgresLink, puts: Sequence[Put]) -> None:
    """Store each by compare-and-set, and set its outcome. Two puts of one account run one after the other.

    Raises:
        StoreError: PostgreSQL cannot be reached; which of them were stored may be unknown.
    """
    if len(puts) == 1 and puts[0].expected:
        await _put_one(link, puts[0])
    left = [put for put in puts if put.outcome is None]
    while left:
        together: dict[tuple[str, str], Put] = {}
        later = [put for put in left if together.setdefault(put.names, put) is not put]
        await _put_each(link, list(together.values()))
        for put in later:
            _refuse_at_once(put, together[put.names])
        left = [put for put in (*together.values(), *later) if put.outcome is None]


def _refuse_at_once(put: Put, first: Put) -> None:
    """Refuse *put* without a trip if the outcome of *first*, of the same account, shows that it is too late."""
    if first.outcome is None or put.expected is None:
        return
    actual = first.outcome if isinstance(first.outcome, int) else first.outcome.actual_version
    if put.expected != (actual or 0):
        put.refuse(actual)


async def _put_one(link: PostgresLink, put: Put) -> None:
    try:
        rows = await link.once(_UPDATE, (put.active, put.expires_at, put.body, *put.names, put.expected))
    except ConnectionLost:
        await _read_back(link, [put])
    else:
        if rows:
            put.outcome = int(rows[0][0])


async def _put_each(link: PostgresLink, puts: Sequence[Put]) -> None:
    """Store puts, at most one for each account. One without an outcome afterwards must be tried again."""
    try:
        answers = await link.once(_PUT, _columns(puts))
    except ConnectionLost:
        await _read_back(link, puts)
        puts = [put for put in puts if put.outcome is None]
        answers = await link.once(_PUT, _columns(puts)) if puts else []
    by_names = {put.names: put for put in puts}
    for client_key, open_id, done, version, body in answers:
        put = by_names.pop((client_key, open_id))
        if done or (put.unsure and body == put.body and version == (put.expected or 0) + 1):
            put.outcome = int(version)
        else:
            put.refuse(int(version))
    for put in by_names.values():
        if put.expected:
            put.refuse(None)


async def _read_back(link: PostgresLink, puts: Sequence[Put]) -> None:
    """Check whether *puts* were stored before the connection was lost.

    A missing one may still be running on the server. A second put decides: one of the two is refused.
    """
    clients, opens = [put.names[0] for put in puts], [put.names[1] for put in puts]
    there = {place: (version, body) for place, version, body in await link.run(GET_MANY, (clients, opens))}
    for place, put in enumerate(puts, 1):
        put.unsure = True
        version, body = there.get(place, (0, b""))
        if body == put.body and put.expected in {None, version - 1}:
            put.outcome = int(version)
        elif put.expected is None and version:
            # Replace the stored token only if it is older: a newer one may come from a refresh of this one.
            stored = read_token(body, key=put.token.key, version=version)
            if stored.updated_at > put.token.updated_at:
                put.refuse(int(version))
            else:
                put.expected = int(version)


def _columns(puts: Sequence[Put]) -> tuple[list[object], ...]:
    return (
        [put.names[0] for put in puts],
        [put.names[1] for put in puts],
        [put.expected for put in puts],
        [put.active for put in puts],
        [put.expires_at for put in puts],
        [put.body for put in puts],
    )
