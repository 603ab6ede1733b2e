"""Stores in a SQLite file."""
