"""What a publish tells a session's observer."""

from datetime import timedelta

from attrs import frozen

from tiktok_async.api.runtime import Runtime
from tiktok_async.models import ChunkPlan, ChunkUploaded, PublishChanged, PublishStatus

__all__ = ["Telling"]


@frozen(slots=True)
class Telling:
    """Tells of one publish, if somebody listens.

    Attributes:
        runtime: Whose observer is told.
        open_id: The account.
        publish_id: The post.
    """

    runtime: Runtime
    open_id: str
    publish_id: str

    def chunk(self, plan: ChunkPlan, chunk: int, *, sent: int, size: int, attempts: int, seconds: float) -> None:
        """Tell that a chunk was acknowledged.

        Args:
            plan: How the video is cut.
            chunk: Which chunk, from 0.
            sent: Bytes acknowledged in all.
            size: Bytes acknowledged with this one.
            attempts: How often it was sent.
            seconds: How long that took.
        """
        if self.runtime.emit is not None:
            self.runtime.emit(
                ChunkUploaded(
                    at=self.runtime.clock.now(),
                    open_id=self.open_id,
                    publish_id=self.publish_id,
                    chunk=chunk,
                    chunks=plan.count,
                    size=size,
                    sent=sent,
                    total=plan.size,
                    duration=timedelta(seconds=seconds),
                    attempts=attempts,
                )
            )

    def state(self, status: PublishStatus) -> None:
        """Tell that the post's state is another one."""
        if self.runtime.emit is not None:
            self.runtime.emit(
                PublishChanged(
                    at=self.runtime.clock.now(),
                    open_id=self.open_id,
                    publish_id=self.publish_id,
                    state=str(status.state),
                    fail_reason=None if status.fail_reason is None else str(status.fail_reason),
                )
            )
