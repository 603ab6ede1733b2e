"""What is stored is of no use without the key, and opens only where it was put."""

import asyncio
import base64
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from tiktok_async.errors import ConfigurationError, DecryptionError, TokenConflict
from tiktok_async.models import AccountKey, Secret, Token
from tiktok_async.stores import EncryptedTokenStore, MemoryTokenStore, SQLiteTokenStore, generate_store_key
from tiktok_async.testing._store_records import make_token

ONE, TWO = AccountKey("app", "one"), AccountKey("app", "two")
OLD, NEW = generate_store_key(), generate_store_key()


async def stored(store: MemoryTokenStore, key: AccountKey) -> Token:
    token = await store.get(key)
    assert token is not None
    return token


async def test_the_file_holds_no_token_in_clear(tmp_path: Path) -> None:
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


async def test_the_same_token_is_another_text_each_time() -> None:
    inner = MemoryTokenStore()
    store, token = EncryptedTokenStore(inner, keys=[NEW]), make_token(ONE)
    texts = set[str]()
    for _ in range(20):
        await store.put(token, expected_version=None)
        texts.add((await stored(inner, ONE)).access_token.reveal())
    assert len(texts) == 20


async def test_a_record_copied_to_another_account_or_app_does_not_open() -> None:
    inner = MemoryTokenStore()
    store = EncryptedTokenStore(inner, keys=[NEW])
    await store.put(make_token(ONE), expected_version=0)
    for thief in (TWO, AccountKey("app2", "one"), AccountKey("ap", "pone")):
        await inner.put(evolve(await stored(inner, ONE), key=thief), expected_version=None)
        with pytest.raises(DecryptionError, match=f"account {thief.open_id}"):
            await store.get(thief)
    assert await store.get(ONE) is not None


async def test_the_two_tokens_of_a_record_cannot_change_places() -> None:
    inner = MemoryTokenStore()
    store = EncryptedTokenStore(inner, keys=[NEW])
    await store.put(make_token(ONE), expected_version=0)
    hidden = await stored(inner, ONE)
    swapped = evolve(hidden, access_token=hidden.refresh_token, refresh_token=hidden.access_token)
    await inner.put(swapped, expected_version=None)
    with pytest.raises(DecryptionError):
        await store.get(ONE)


async def test_a_wrong_key_is_named_and_the_right_one_still_opens_the_account() -> None:
    inner = MemoryTokenStore()
    token = await EncryptedTokenStore(inner, keys=[OLD]).put(make_token(ONE), expected_version=0)
    stranger = EncryptedTokenStore(inner, keys=[NEW])
    with pytest.raises(DecryptionError, match=r"account one .* key is not among those given") as caught:
        await stranger.get(ONE)
    assert caught.value.open_id == "one"
    assert OLD not in str(caught.value)
    assert [key async for key in stranger.keys("app")] == [ONE]
    assert await EncryptedTokenStore(inner, keys=[NEW, OLD]).get(ONE) == token


@settings(deadline=None)
@given(st.data())
def test_no_changed_ciphertext_opens(data: st.DataObject) -> None:
    async def play() -> None:
        inner = MemoryTokenStore()
        store = EncryptedTokenStore(inner, keys=[NEW])
        await store.put(make_token(ONE), expected_version=0)
        hidden = await stored(inner, ONE)
        text = hidden.access_token.reveal()
        place = data.draw(st.integers(0, len(text) - 1))
        letter = data.draw(st.characters(codec="utf-8"))
        changed = text[:place] + letter + text[place + 1 :]
        raw = text.removeprefix("enc1.")
        if changed == text or (changed.startswith("enc1.") and _same(changed.removeprefix("enc1."), raw)):
            return
        await inner.put(evolve(hidden, access_token=Secret(changed)), expected_version=None)
        with pytest.raises(DecryptionError):
            await store.get(ONE)

    asyncio.run(play())


def _same(one: str, other: str) -> bool:
    # The last letter of base64 holds bits that mean nothing.
    try:
        return base64.urlsafe_b64decode(one) == base64.urlsafe_b64decode(other)
    except ValueError:
        return False


async def test_plaintext_is_refused_unless_a_store_is_being_moved_over() -> None:
    inner = MemoryTokenStore()
    plain = await inner.put(make_token(ONE), expected_version=0)
    with pytest.raises(DecryptionError, match="allow_plaintext"):
        await EncryptedTokenStore(inner, keys=[NEW]).get(ONE)
    moving = EncryptedTokenStore(inner, keys=[NEW], allow_plaintext=True)
    assert await moving.get(ONE) == plain
    assert await moving.rotate("app") == 1
    assert await EncryptedTokenStore(inner, keys=[NEW]).get(ONE) == evolve(plain, version=2)


async def test_rotate_makes_the_old_key_superfluous_and_may_be_repeated() -> None:
    inner = MemoryTokenStore()
    old = EncryptedTokenStore(inner, keys=[OLD])
    tokens = [await old.put(make_token(AccountKey("app", f"user-{n}")), expected_version=0) for n in range(30)]
    both = EncryptedTokenStore(inner, keys=[NEW, OLD])
    assert await both.rotate("app") == 30
    assert await both.rotate("app") == 0
    new = EncryptedTokenStore(inner, keys=[NEW])
    for token in tokens:
        assert await new.get(token.key) == evolve(token, version=2)


async def test_rotate_loses_no_write_and_fails_no_read_of_others(tmp_path: Path) -> None:
    path = tmp_path / "tokens.db"
    old = EncryptedTokenStore(SQLiteTokenStore(path), keys=[OLD, NEW])
    new = EncryptedTokenStore(SQLiteTokenStore(path), keys=[NEW, OLD])
    keys = [AccountKey("app", f"user-{n}") for n in range(40)]
    await asyncio.gather(*(old.put(make_token(key), expected_version=0) for key in keys))
    last: dict[AccountKey, Token] = {}
    rotating = asyncio.ensure_future(new.rotate("app"))

    async def work(key: AccountKey) -> None:
        while not rotating.done():
            token = await old.get(key)
            assert token is not None
            try:
                last[key] = await old.put(make_token(key), expected_version=token.version)
            except TokenConflict:
                continue

    await asyncio.gather(*(work(key) for key in keys))
    await rotating
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


@pytest.mark.parametrize("keys", [[], ["canary"], [NEW, "canary="], [base64.urlsafe_b64encode(b"short").decode()]])
def test_what_is_no_key_is_refused_and_not_shown(keys: list[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        EncryptedTokenStore(MemoryTokenStore(), keys=keys)
    assert "canary" not in str(caught.value)


def test_the_environment_holds_the_keys_newest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIKTOK_STORE_KEY", raising=False)
    with pytest.raises(ConfigurationError, match="TIKTOK_STORE_KEY"):
        EncryptedTokenStore.from_env(MemoryTokenStore())
    monkeypatch.setenv("TIKTOK_STORE_KEY", f" {NEW} , {OLD},")
    assert "MemoryTokenStore" in repr(EncryptedTokenStore.from_env(MemoryTokenStore()))


def test_keys_are_url_safe_base64_of_32_bytes_and_never_the_same() -> None:
    keys = {generate_store_key() for _ in range(50)}
    assert len(keys) == 50
    assert {len(base64.urlsafe_b64decode(key)) for key in keys} == {32}
