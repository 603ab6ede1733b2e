"""A stored record cannot be decrypted without its key, nor under another account."""

import asyncio
import base64
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from tiktok_async.errors import ConfigurationError, DecryptionError, TokenConflict
from tiktok_async.models import AccountKey, Secret, Token
from tiktok_async.stores import EncryptedTokenStore, MemoryTokenStore, SQLiteTokenStore, generate_store_key
from tiktok_async.testing._store_records import make_token
from tiktok_async_stores.encrypted.cipher import Keyring, _binding

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

ONE, TWO = AccountKey("app", "one"), AccountKey("app", "two")
OLD, NEW = generate_store_key(), generate_store_key()


async def stored(store: MemoryTokenStore, key: AccountKey) -> Token:
    token = await store.get(key)
    assert token is not None
    return token


async def test_the_file_holds_no_plaintext_token(tmp_path: Path) -> None:
    inner = SQLiteTokenStore(tmp_path / "tokens.db")
    store = EncryptedTokenStore(inner, keys=[NEW])
    token = make_token(ONE, access_token=Secret("act.canary"), refresh_token=Secret("rft.canary"))
    await store.put(token, expected_version=0)
    hidden = await inner.get(ONE)
    assert hidden is not None
    assert b"canary" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert "canary" not in hidden.access_token.reveal() + hidden.refresh_token.reveal()
    assert (hidden.scopes, hidden.expires_at) == (token.scopes, token.expires_at)
    await store.aclose()
    with closing(sqlite3.connect(tmp_path / "tokens.db")) as connection, connection:
        assert connection.execute("SELECT count(*) FROM tokens").fetchone() == (1,)
    connection.close()


async def test_the_same_token_has_a_different_ciphertext_each_time() -> None:
    inner = MemoryTokenStore()
    store, token = EncryptedTokenStore(inner, keys=[NEW]), make_token(ONE)
    texts = set[str]()
    for _ in range(20):
        await store.put(token, expected_version=None)
        texts.add((await stored(inner, ONE)).access_token.reveal())
    assert len(texts) == 20


async def test_a_record_copied_to_another_account_or_app_is_not_decrypted() -> None:
    inner = MemoryTokenStore()
    store = EncryptedTokenStore(inner, keys=[NEW])
    await store.put(make_token(ONE), expected_version=0)
    for other in (TWO, AccountKey("app2", "one"), AccountKey("ap", "pone")):
        await inner.put(evolve(await stored(inner, ONE), key=other), expected_version=None)
        with pytest.raises(DecryptionError, match=f"account {other.open_id}"):
            await store.get(other)
    assert await store.get(ONE) is not None


async def test_the_two_tokens_of_a_record_cannot_be_swapped() -> None:
    inner = MemoryTokenStore()
    store = EncryptedTokenStore(inner, keys=[NEW])
    await store.put(make_token(ONE), expected_version=0)
    hidden = await stored(inner, ONE)
    swapped = evolve(hidden, access_token=hidden.refresh_token, refresh_token=hidden.access_token)
    await inner.put(swapped, expected_version=None)
    with pytest.raises(DecryptionError):
        await store.get(ONE)


async def test_a_wrong_key_raises_decryption_error_and_the_right_key_still_decrypts() -> None:
    inner = MemoryTokenStore()
    token = await EncryptedTokenStore(inner, keys=[OLD]).put(make_token(ONE), expected_version=0)
    wrong = EncryptedTokenStore(inner, keys=[NEW])
    with pytest.raises(DecryptionError, match=r"account one .* key is not among those given") as caught:
        await wrong.get(ONE)
    assert caught.value.open_id == "one"
    assert OLD not in str(caught.value)
    assert [key async for key in wrong.keys("app")] == [ONE]
    assert await EncryptedTokenStore(inner, keys=[NEW, OLD]).get(ONE) == token


@settings(deadline=None)
@given(st.data())
def test_no_changed_ciphertext_is_decrypted(data: st.DataObject) -> None:
    async def run() -> None:
        inner = MemoryTokenStore()
        store = EncryptedTokenStore(inner, keys=[NEW])
        await store.put(make_token(ONE), expected_version=0)
        hidden = await stored(inner, ONE)
        text = hidden.access_token.reveal()
        place = data.draw(st.integers(0, len(text) - 1))
        character = data.draw(st.characters(codec="utf-8"))
        changed = text[:place] + character + text[place + 1 :]
        raw = text.removeprefix("enc1.")
        if changed == text or (changed.startswith("enc1.") and _same(changed.removeprefix("enc1."), raw)):
            return
        await inner.put(evolve(hidden, access_token=Secret(changed)), expected_version=None)
        with pytest.raises(DecryptionError):
            await store.get(ONE)

    asyncio.run(run())


def _same(one: str, other: str) -> bool:
    # The last character of base64 holds bits that are not used.
    try:
        return base64.urlsafe_b64decode(one) == base64.urlsafe_b64decode(other)
    except ValueError:
        return False


# Made by the first release, with the key of the bytes 0 to 31.
FIRST_KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
FIRST_ACCESS, FIRST_REFRESH = (
    "enc1.CCEYhz0wAAECAwQFBgcICQoLJmGiNaCdo3b9LfJsRg1reU9pNqDIFoQ-SRv3",
    "enc1.CCEYhz0wAAECAwQFBgcICQoLNWSiNaCdo3b9LfK6Vza2EkH4pEP1nHogY_yF",
)
FIRST_NOTE = b"enc1.CCEYhz0wAAECAwQFBgcICQoLJiK4dLGAzOaTyKXcO0d870seZOSSYQ=="


async def test_records_of_the_first_release_are_still_decrypted() -> None:
    inner = MemoryTokenStore()
    store = EncryptedTokenStore(inner, keys=[NEW, FIRST_KEY])
    hidden = make_token(ONE, access_token=Secret(FIRST_ACCESS), refresh_token=Secret(FIRST_REFRESH))
    await inner.put(hidden, expected_version=0)
    token = await store.get(ONE)
    assert token is not None
    assert (token.access_token.reveal(), token.refresh_token.reveal()) == ("act.example", "rft.example")
    await inner.put_note(ONE, "publish:1", FIRST_NOTE, ttl=timedelta(hours=1), only_if_absent=True)
    assert await store.get_note(ONE, "publish:1") == b"a note"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("enc1.", "its key is not among those given"),
        ("enc1.AAAA", "its key is not among those given"),
        ("enc1.A", "is damaged"),
        (FIRST_ACCESS[:-4] + "\n" + FIRST_ACCESS[-4:], "is damaged"),
        (FIRST_ACCESS[:-1] + "\N{SNOWMAN}", "is damaged"),
        (FIRST_ACCESS[:-4], "is damaged, or was copied from another account"),
        (FIRST_ACCESS[:13], "is damaged, or was copied from another account"),
        ("plain", "is not encrypted"),
    ],
)
@pytest.mark.parametrize("field", ["access_token", "refresh_token"])
async def test_a_decryption_error_names_the_account_and_the_cause(field: str, text: str, cause: str) -> None:
    inner = MemoryTokenStore()
    good = {"access_token": Secret(FIRST_ACCESS), "refresh_token": Secret(FIRST_REFRESH)}
    await inner.put(make_token(ONE, **{**good, field: Secret(text)}), expected_version=0)
    with pytest.raises(DecryptionError, match=f"account one .*: (it )?{cause}") as caught:
        await EncryptedTokenStore(inner, keys=[FIRST_KEY]).get(ONE)
    assert caught.value.open_id == "one"
    assert caught.value.__cause__ is None


def test_decrypted_bytes_that_are_not_text_are_refused_as_a_token() -> None:
    ring = Keyring([NEW], allow_plaintext=False)
    sealed = ring.seal_note(ONE, "n", b"\xff")
    odd = ring._seal(b"\xff", _binding(ONE, "access_token"))
    with pytest.raises(DecryptionError, match=r"account one .*: it is damaged") as caught:
        ring.open(make_token(ONE, access_token=Secret(odd)))
    assert caught.value.open_id == "one"
    assert ring.open_note(ONE, "n", sealed) == b"\xff"


async def test_plaintext_notes_are_refused_unless_allow_plaintext_is_set() -> None:
    inner = MemoryTokenStore()
    await inner.put_note(ONE, "n", b"in clear", ttl=timedelta(hours=1), only_if_absent=True)
    with pytest.raises(DecryptionError, match=r"account one .*allow_plaintext") as caught:
        await EncryptedTokenStore(inner, keys=[NEW]).get_note(ONE, "n")
    assert caught.value.open_id == "one"
    await inner.put_note(ONE, "n", b"\xff no text", ttl=timedelta(hours=1), only_if_absent=False)
    with pytest.raises(DecryptionError, match="not encrypted"):
        await EncryptedTokenStore(inner, keys=[NEW]).get_note(ONE, "n")
    migrating = EncryptedTokenStore(inner, keys=[NEW], allow_plaintext=True)
    assert await migrating.get_note(ONE, "n") == b"\xff no text"
    await migrating.put_note(ONE, "n", b"hidden", ttl=timedelta(hours=1), only_if_absent=False)
    assert await migrating.get_note(ONE, "n") == b"hidden"
    assert await EncryptedTokenStore(inner, keys=[NEW]).get_note(ONE, "n") == b"hidden"
    with pytest.raises(DecryptionError):
        await EncryptedTokenStore(inner, keys=[OLD], allow_plaintext=True).get_note(ONE, "n")


async def test_a_plaintext_token_is_refused_unless_allow_plaintext_is_set() -> None:
    inner = MemoryTokenStore()
    plain = await inner.put(make_token(ONE), expected_version=0)
    with pytest.raises(DecryptionError, match="allow_plaintext"):
        await EncryptedTokenStore(inner, keys=[NEW]).get(ONE)
    migrating = EncryptedTokenStore(inner, keys=[NEW], allow_plaintext=True)
    assert await migrating.get(ONE) == plain
    assert await migrating.rotate("app") == 1
    assert await EncryptedTokenStore(inner, keys=[NEW]).get(ONE) == evolve(plain, version=2)


async def test_rotate_makes_the_old_key_unnecessary_and_can_be_repeated() -> None:
    inner = MemoryTokenStore()
    old = EncryptedTokenStore(inner, keys=[OLD])
    tokens = [await old.put(make_token(AccountKey("app", f"user-{n}")), expected_version=0) for n in range(30)]
    both = EncryptedTokenStore(inner, keys=[NEW, OLD])
    assert await both.rotate("app") == 30
    assert await both.rotate("app") == 0
    new = EncryptedTokenStore(inner, keys=[NEW])
    for token in tokens:
        assert await new.get(token.key) == evolve(token, version=2)


class RefreshedBeforeWrite(MemoryTokenStore):
    """A store in which another process refreshes with the old key just before the first write of `rotate`."""

    competitor: EncryptedTokenStore | None = None

    async def put(self, token: Token, *, expected_version: int | None) -> Token:
        competitor, self.competitor = self.competitor, None
        if competitor is not None:
            await competitor.put(make_token(ONE, refresh_token=Secret("rft.newer")), expected_version=expected_version)
        return await super().put(token, expected_version=expected_version)


async def test_rotate_reads_again_after_a_concurrent_refresh() -> None:
    inner = RefreshedBeforeWrite()
    old = EncryptedTokenStore(inner, keys=[OLD])
    await old.put(make_token(ONE), expected_version=0)
    inner.competitor = old
    assert await EncryptedTokenStore(inner, keys=[NEW, OLD]).rotate("app") == 1
    token = await EncryptedTokenStore(inner, keys=[NEW]).get(ONE)
    assert token is not None
    assert token.refresh_token == Secret("rft.newer")


class ChangedBeforeWrites(MemoryTokenStore):
    """A store in which others act just before each write of `rotate`, one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.others: list[Callable[[], Awaitable[object]]] = []

    async def put(self, token: Token, *, expected_version: int | None) -> Token:
        if self.others:
            await self.others.pop(0)()
        return await super().put(token, expected_version=expected_version)


@pytest.mark.parametrize(
    ("actions", "encrypted", "version"),
    [(["old", "old"], 1, 4), (["new"], 0, 2), (["old", "new"], 0, 3), (["forget"], 0, None)],
)
async def test_rotate_encrypts_what_others_wrote_with_an_older_key_and_counts_only_that(
    actions: list[str], encrypted: int, version: int | None
) -> None:
    inner = ChangedBeforeWrites()
    old, new = EncryptedTokenStore(inner, keys=[OLD]), EncryptedTokenStore(inner, keys=[NEW, OLD])
    await old.put(make_token(ONE), expected_version=0)

    async def refresh(store: EncryptedTokenStore) -> None:
        others, inner.others = inner.others, []
        await store.put(make_token(ONE), expected_version=None)
        inner.others = others

    do = {"old": lambda: refresh(old), "new": lambda: refresh(new), "forget": lambda: inner.delete(ONE)}
    inner.others = [do[action] for action in actions]
    assert await new.rotate("app") == encrypted
    token = await EncryptedTokenStore(inner, keys=[NEW]).get(ONE)
    assert (token.version if token is not None else None) == version


async def test_rotate_loses_no_write_and_breaks_no_read_of_other_workers(tmp_path: Path) -> None:
    path = tmp_path / "tokens.db"
    old = EncryptedTokenStore(SQLiteTokenStore(path), keys=[OLD, NEW])
    new = EncryptedTokenStore(SQLiteTokenStore(path), keys=[NEW, OLD])
    # Several pages of them, so that others can write while `rotate` runs.
    keys = [AccountKey("app", f"user-{n}") for n in range(1200)]
    first = await asyncio.gather(*(old.put(make_token(key), expected_version=0) for key in keys))
    last = dict(zip(keys, first, strict=True))
    rotating = asyncio.ensure_future(new.rotate("app"))

    async def work(key: AccountKey) -> None:
        while not rotating.done():
            token = await old.get(key)
            assert token is not None
            try:
                last[key] = await old.put(make_token(key), expected_version=token.version)
            except TokenConflict:
                continue

    await asyncio.gather(*(work(key) for key in keys[::30]))
    await rotating
    assert list(last.values()) != first, "no other worker wrote while rotate ran"
    for key in keys:
        token = await new.get(key)
        assert token is not None
        assert token.refresh_token == last[key].refresh_token
    await new.rotate("app")
    only = EncryptedTokenStore(SQLiteTokenStore(path), keys=[NEW])
    for key in keys:
        assert await only.get(key) is not None
    for store in (old, new, only):
        await store.aclose()


@pytest.mark.parametrize(
    "keys",
    [[], ["canary"], [NEW, "canary="], [base64.urlsafe_b64encode(b"short").decode()], [NEW[:9] + "\n" + NEW[9:]]],
)
def test_an_invalid_key_is_refused_and_not_shown(keys: list[str]) -> None:
    with pytest.raises(ConfigurationError, match=r"generate_store_key\(\) makes one") as caught:
        EncryptedTokenStore(MemoryTokenStore(), keys=keys)
    assert "canary" not in str(caught.value)


def test_the_environment_variable_holds_the_keys_newest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIKTOK_STORE_KEY", raising=False)
    with pytest.raises(ConfigurationError, match="TIKTOK_STORE_KEY"):
        EncryptedTokenStore.from_env(MemoryTokenStore())
    monkeypatch.setenv("TIKTOK_STORE_KEY", f" {NEW} , {OLD},")
    assert "MemoryTokenStore" in repr(EncryptedTokenStore.from_env(MemoryTokenStore()))


async def test_a_store_from_the_environment_reads_plaintext_only_with_allow_plaintext(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TIKTOK_STORE_KEY", f"{NEW},{OLD}")
    inner = MemoryTokenStore()
    plain = await inner.put(make_token(ONE), expected_version=0)
    with pytest.raises(DecryptionError):
        await EncryptedTokenStore.from_env(inner).get(ONE)
    migrating = EncryptedTokenStore.from_env(inner, allow_plaintext=True)
    assert await migrating.get(ONE) == plain
    await migrating.rotate("app")
    assert await EncryptedTokenStore(inner, keys=[NEW]).get(ONE) is not None


def test_generated_keys_are_url_safe_base64_of_32_bytes_and_all_different() -> None:
    keys = {generate_store_key() for _ in range(50)}
    assert len(keys) == 50
    assert {len(base64.urlsafe_b64decode(key)) for key in keys} == {32}
