"""The emulated Content Posting API and its upload host."""
