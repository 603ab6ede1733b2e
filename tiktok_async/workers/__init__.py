"""Bulk sync on worker engines: the work of a worker, and adapters for some engines.

`SyncJobs` works with any engine. `tiktok_async.workers.taskiq` and `tiktok_async.workers.streaq` each need the extra of
the same name. This library ensures correctness: an engine only carries jobs, made of an open_id and the id of a round.
"""

from tiktok_async.workers._jobs import OpenJobs, SyncJobs

__all__ = ["OpenJobs", "SyncJobs"]
