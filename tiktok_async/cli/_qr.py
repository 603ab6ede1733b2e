"""Login with a QR code on the terminal, to be scanned with TikTok's app."""

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tiktok_async.cli._output import note
from tiktok_async.errors import ConfigurationError, TikTokError
from tiktok_async.models import QrStatus

if TYPE_CHECKING:
    from tiktok_async.api.account import Account
    from tiktok_async.session import TikTokSession

_WORDS = {
    QrStatus.NEW: "Scan it with TikTok's app.",
    QrStatus.SCANNED: "Scanned. Now confirm in the app.",
}


async def log_in_by_qr(session: "TikTokSession", scopes: Iterable[str]) -> "Account":
    """Draw a QR code and wait until the user has scanned and confirmed it; if it expires, draw a new one.

    Raises:
        ConfigurationError: segno, which draws it, is not installed.
        TikTokError: The code was used elsewhere.
    """
    wanted = tuple(scopes)
    while True:
        qr = await session.oauth.qr_login(wanted)
        note(f"\n{drawn(qr.url)}")
        last: str = QrStatus.NEW
        async for status in qr.watch():
            last = status
            if status in _WORDS:
                note(_WORDS[QrStatus(status)])
        if qr.account is not None:
            return qr.account
        if last != QrStatus.EXPIRED:
            raise TikTokError(f"The login ended with the status {last}: its code was used elsewhere. Log in again.")
        note("The code has expired; here is a new one.")


def drawn(url: str) -> str:
    """Return *url* as a QR code made of half blocks.

    Raises:
        ConfigurationError: segno is not installed.
    """
    try:
        import segno
    except ImportError:
        raise ConfigurationError("Drawing a QR code needs segno: pip install 'tiktok-async[cli]'.") from None
    picture = io.StringIO()
    segno.make(url, error="l").terminal(picture, compact=True)
    return picture.getvalue()
