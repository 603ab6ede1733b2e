"""Keys that are split into pieces have the same order as in one list."""

from bisect import bisect_right

from hypothesis import given, settings
from hypothesis import strategies as st

from tiktok_async_stores.memory import ordered
from tiktok_async_stores.memory.ordered import OrderedKeys

Key = tuple[int, str]
KEYS = st.tuples(st.integers(0, 30), st.sampled_from("abc"))


def change(keys: OrderedKeys[Key], model: set[Key], key: Key, *, add: bool) -> None:
    """Add or remove *key* in both, if that is a change."""
    if add and key not in model:
        keys.add(key)
        model.add(key)
    elif not add and key in model:
        keys.remove(key)
        model.remove(key)


@settings(deadline=None)
@given(steps=st.lists(st.tuples(st.booleans(), KEYS), max_size=200))
def test_the_keys_stay_in_order_while_any_keys_are_added_and_removed(steps: list[tuple[bool, Key]]) -> None:
    before, ordered._LARGEST = ordered._LARGEST, 4
    try:
        keys, model = OrderedKeys[Key](), set[Key]()
        for add, key in steps:
            change(keys, model, key, add=add)
            listed = sorted(model)
            assert list(keys) == listed
            assert list(keys.after(key)) == listed[bisect_right(listed, key) :]
    finally:
        ordered._LARGEST = before


@settings(deadline=None)
@given(
    first=st.sets(KEYS, max_size=60),
    changes=st.lists(st.lists(st.tuples(st.booleans(), KEYS), max_size=3), max_size=60),
)
def test_an_iteration_stays_in_order_while_keys_are_added_and_removed(
    first: set[Key], changes: list[list[tuple[bool, Key]]]
) -> None:
    before, ordered._LARGEST = ordered._LARGEST, 4
    try:
        keys, model = OrderedKeys[Key](), set(first)
        for key in first:
            keys.add(key)
        last, iteration, coming = (-1, ""), keys.after((-1, "")), iter(changes)
        for found in iteration:
            # It is the next key in the set as the set is now.
            assert found == min(key for key in model if key > last)
            last = found
            for add, key in next(coming, []):
                change(keys, model, key, add=add)
        assert not [key for key in model if key > last]
    finally:
        ordered._LARGEST = before


def test_a_piece_stays_small_with_many_keys() -> None:
    keys = OrderedKeys[tuple[int]]()
    for number in range(20_000):
        keys.add((number * 7_919 % 20_011,))
    assert max(map(len, keys._pieces)) <= 1_000
    assert min(map(len, keys._pieces)) >= 400
