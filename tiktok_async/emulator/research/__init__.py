"""The emulated Research API and Commercial Content API."""
