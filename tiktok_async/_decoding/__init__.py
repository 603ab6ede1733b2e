"""Decoding: from the bytes of an answer to models."""
