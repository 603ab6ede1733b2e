"""The emulated login: consent page, QR code, token endpoint."""
