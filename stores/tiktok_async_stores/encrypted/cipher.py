"""Encrypting the two tokens of a record, and only those."""

import base64
import binascii
import hashlib
import os
from collections.abc import Iterable

import orjson
from attrs import evolve
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tiktok_async.errors import ConfigurationError, DecryptionError
from tiktok_async.models import AccountKey, Secret, Token

_MARK = "enc1."  # the format, before every ciphertext; no token of TikTok begins so
_KEY_BYTES = 32
_ID_BYTES = 6  # eight letters of base64, without a rest
_NONCE_BYTES = 12


def generate_store_key() -> str:
    """Return a new key for `EncryptedTokenStore`: url-safe base64 of 32 random bytes.

    Example:
        >>> len(generate_store_key())
        44
    """
    return base64.urlsafe_b64encode(os.urandom(_KEY_BYTES)).decode()


class Keyring:
    """The keys, newest first; a ciphertext begins with the id of its key.

    Args:
        keys: Url-safe base64 of 32 bytes each.
        allow_plaintext: Whether a token that is not encrypted is accepted.

    Raises:
        ConfigurationError: There is no key, or one is not a key.
    """

    def __init__(self, keys: Iterable[str], *, allow_plaintext: bool) -> None:
        raw = [_read(key) for key in keys]
        if not raw:
            raise ConfigurationError("An EncryptedTokenStore needs a key; generate_store_key() makes one.")
        self._ciphers = {_key_id(key): AESGCM(key) for key in raw}
        self._newest = _key_id(raw[0])
        self._allow_plaintext = allow_plaintext

    def seal(self, token: Token) -> Token:
        """Return *token* with both secrets encrypted by the newest key."""
        return evolve(
            token,
            access_token=self._encrypt(token.access_token, _binding(token.key, "access_token")),
            refresh_token=self._encrypt(token.refresh_token, _binding(token.key, "refresh_token")),
        )

    def open(self, token: Token) -> Token:
        """Return *token* with both secrets decrypted.

        Raises:
            DecryptionError: No key decrypts it, or it was not encrypted for this account.
        """
        return evolve(
            token,
            access_token=self._decrypt(token.access_token, _binding(token.key, "access_token"), token.key.open_id),
            refresh_token=self._decrypt(token.refresh_token, _binding(token.key, "refresh_token"), token.key.open_id),
        )

    def is_newest(self, token: Token) -> bool:
        """Return whether the newest key encrypted both secrets of *token*."""
        start = _MARK + base64.urlsafe_b64encode(self._newest).decode()
        return all(secret.reveal().startswith(start) for secret in (token.access_token, token.refresh_token))

    def seal_note(self, key: AccountKey, name: str, value: bytes) -> bytes:
        """Return *value*, the note *name* of *key*, encrypted by the newest key."""
        return self._seal(value, _binding(key, f"note {name}")).encode()

    def open_note(self, key: AccountKey, name: str, value: bytes) -> bytes:
        """Return the note *value* decrypted.

        Raises:
            DecryptionError: No key decrypts it, or it was not encrypted for this account and name.
        """
        if self._allow_plaintext and not value.startswith(_MARK.encode()):
            return value
        return self._unseal(value.decode(errors="replace"), _binding(key, f"note {name}"), key.open_id)

    def _encrypt(self, secret: Secret, binding: bytes) -> Secret:
        return Secret(self._seal(secret.reveal().encode(), binding))

    def _seal(self, plain: bytes, binding: bytes) -> str:
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self._newest].encrypt(nonce, plain, binding)
        return _MARK + base64.urlsafe_b64encode(self._newest + nonce + sealed).decode()

    def _decrypt(self, secret: Secret, binding: bytes, open_id: str) -> Secret:
        if self._allow_plaintext and not secret.reveal().startswith(_MARK):
            return secret
        plain = self._unseal(secret.reveal(), binding, open_id)
        try:
            return Secret(plain.decode())
        except ValueError:
            raise DecryptionError(open_id, reason="it is damaged") from None

    def _unseal(self, text: str, binding: bytes, open_id: str) -> bytes:
        if not text.startswith(_MARK):
            raise DecryptionError(open_id, reason="it is not encrypted; allow_plaintext=True reads it until `rotate`")
        try:
            raw = base64.b64decode(text[len(_MARK) :], altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise DecryptionError(open_id, reason="it is damaged") from None
        cipher = self._ciphers.get(raw[:_ID_BYTES])
        if cipher is None:
            raise DecryptionError(open_id, reason="its key is not among those given; add the key it was stored with")
        nonce, sealed = raw[_ID_BYTES : _ID_BYTES + _NONCE_BYTES], raw[_ID_BYTES + _NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, sealed, binding)
        except (InvalidTag, ValueError):
            raise DecryptionError(open_id, reason="it is damaged, or was copied from another account") from None


def _binding(key: AccountKey, field: str) -> bytes:
    return orjson.dumps([_MARK, key.client_key, key.open_id, field])


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"tiktok-async store key:" + key).digest()[:_ID_BYTES]


def _read(key: str) -> bytes:
    try:
        raw = base64.b64decode(key, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _KEY_BYTES:
        raise ConfigurationError("A store key is url-safe base64 of 32 bytes; generate_store_key() makes one.")
    return raw
