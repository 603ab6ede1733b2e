"""Login by a code that is scanned with TikTok's app.

Source: https://developers.tiktok.com/doc/login-kit-qr-code-authorization
"""

from enum import StrEnum


class QrStatus(StrEnum):
    """How far a QR login is, in TikTok's words."""

    NEW = "new"
    """Nobody has scanned it."""
    SCANNED = "scanned"
    """Somebody has, and is asked to confirm."""
    CONFIRMED = "confirmed"
    """They allowed it; the account is stored."""
    EXPIRED = "expired"
    """Too late: begin anew."""
    UTILISED = "utilised"
    """Its code was given out already; begin anew."""
