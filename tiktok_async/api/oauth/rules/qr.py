"""The content of a QR code, and TikTok's answers about it.

Source: https://developers.tiktok.com/doc/login-kit-qr-code-authorization
"""

from urllib.parse import parse_qsl, quote, urlsplit

from attrs import frozen

from tiktok_async.api.oauth.rules.authorize import same_text
from tiktok_async.errors import OAuthError, StateMismatch
from tiktok_async.models import QrStatus, Secret
from tiktok_async.models._wire import WireModel

__all__ = ["QrCheck", "code_of", "with_ticket"]

_TICKET = "client_ticket="


@frozen(kw_only=True)
class QrCheck(WireModel):
    """TikTok's answer about the status of a QR login."""

    status: QrStatus | str
    client_ticket: str | None = None
    code: str | None = None
    redirect_uri: str | None = None
    state: str | None = None


def with_ticket(url: str, ticket: str) -> str:
    """Return the content of the QR code: TikTok's address with *ticket* in its place.

    Raises:
        OAuthError: The address has no place for it.
    """
    before, found, after = url.partition(_TICKET)
    if not found or not before.endswith(("?", "&")):
        raise OAuthError("invalid_request", "TikTok's QR address has no place for a client ticket; begin again")
    # The rest stays unchanged, since TikTok's app reads it.
    return before + _TICKET + quote(ticket, safe="") + "".join(after.partition("&")[1:])


def code_of(check: QrCheck, *, ticket: str, state: str) -> Secret:
    """Return the authorization code of a login that was confirmed.

    TikTok's table has a key `code`; its example has a `redirect_uri` that holds the code.

    Raises:
        StateMismatch: The answer is for another login.
        OAuthError: It holds no code.
    """
    check_ticket(check, ticket)
    found = dict(parse_qsl(urlsplit(check.redirect_uri or "").query))
    told = check.state or found.get("state")
    if told is not None and not same_text(told, state):
        raise StateMismatch("The QR login's state differs from the one at its beginning.")
    code = check.code or found.get("code")
    if not code:
        raise OAuthError("invalid_request", "The QR login was confirmed without a code; begin it again")
    return Secret(code)


def check_ticket(check: QrCheck, ticket: str) -> None:
    """Compare an answer with the ticket in the QR code.

    Raises:
        StateMismatch: Another code than the shown one was scanned.
    """
    # Before the scan and after the end, the answer holds none.
    if check.status in (QrStatus.NEW, QrStatus.EXPIRED) and not check.client_ticket:
        return
    if not same_text(check.client_ticket or "", ticket):
        raise StateMismatch("The QR login's client ticket differs from the one in the QR code.")
