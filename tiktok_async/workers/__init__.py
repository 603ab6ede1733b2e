"""Bulk sync on worker engines: what a worker does, and adapters that put it on an engine.

`SyncJobs` fits any engine; `tiktok_async.workers.taskiq` and `tiktok_async.workers.streaq` need the extra of their
name. Correctness is this library's: an engine only carries wake-ups, made of an open_id and the name of a round.
"""

from tiktok_async.workers._jobs import OpenJobs, SyncJobs

__all__ = ["OpenJobs", "SyncJobs"]
