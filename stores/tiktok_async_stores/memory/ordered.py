"""Sorted keys in several lists: in one list of a million, each insertion would move half of them."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

# Any keys that can be compared, such as tuples of a time and a name.
K = TypeVar("K", bound=tuple[Any, ...])

_LARGEST = 1_000


class OrderedKeys(Generic[K]):
    """A sorted set of keys that can be read in order from any key on, while keys are added and removed."""

    def __init__(self) -> None:
        self._pieces: list[list[K]] = []
        self._largest: list[K] = []  # of each list, to find the one for a key
        self._changes = 0

    def add(self, key: K) -> None:
        """Add *key* in its order."""
        self._changes += 1
        place = min(bisect_left(self._largest, key), len(self._pieces) - 1)
        if place < 0:
            self._pieces.append([key])
            self._largest.append(key)
            return
        piece = self._pieces[place]
        insort(piece, key)
        if len(piece) > _LARGEST:
            half = len(piece) // 2
            self._pieces.insert(place, piece[:half])
            self._largest.insert(place, piece[half - 1])
            del piece[:half]
            place += 1
        self._largest[place] = piece[-1]

    def remove(self, key: K) -> None:
        """Remove *key*, which must be in the set."""
        self._changes += 1
        place = bisect_left(self._largest, key)
        piece = self._pieces[place]
        del piece[bisect_left(piece, key)]
        if piece:
            self._largest[place] = piece[-1]
        else:
            del self._pieces[place], self._largest[place]

    def after(self, key: K) -> Iterator[K]:
        """Yield the keys after *key*, which need not be in the set, in their order.

        Keys may be added and removed meanwhile: each step goes on after the key that was yielded last.
        """
        while (place := bisect_right(self._largest, key)) < len(self._pieces):
            piece, changes = self._pieces[place], self._changes
            number = bisect_right(piece, key)
            # The place is found anew only after a change.
            while number < len(piece) and self._changes == changes:
                key = piece[number]
                yield key
                number += 1

    def __iter__(self) -> Iterator[K]:
        for piece in self._pieces:
            yield from piece
