"""The levels of a run: what it may change."""

from enum import StrEnum

__all__ = ["Level"]


class Level(StrEnum):
    """What a run may do; each level includes those before it."""

    READ = "read"
    """Nothing changes, at TikTok or in the store."""
    ROTATE = "rotate"
    """The account's token is refreshed, once, and stored."""
    DRAFT = "draft"
    """One generated clip goes to the creator's inbox."""
    POST = "post"
    """The clip is posted, visible only to its creator."""

    def includes(self, other: "Level") -> bool:
        """Return whether a run at this level may do what *other* does."""
        order = list(Level)
        return order.index(other) <= order.index(self)

    @property
    def sends(self) -> bool:
        """Whether it sends media, which must not happen twice."""
        return self in (Level.DRAFT, Level.POST)
