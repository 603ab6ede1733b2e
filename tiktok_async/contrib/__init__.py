"""Helpers for web frameworks, one module for each; `docs/backends.md` shows them at work."""
