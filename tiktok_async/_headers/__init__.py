"""Reads the headers of media files without other packages or I/O, and with bounded work for any file."""
