"""Balanced Latin squares (Williams designs)."""

from functools import cache

Rows = tuple[tuple[int, ...], ...]


@cache
def balanced_latin_square(n: int) -> Rows:
    """Rows of 0 to n-1, each number equally often in each column and right after each other one.

    n rows for an even n; for an odd n twice as many, since fewer cannot balance what follows what.

    >>> balanced_latin_square(4)
    ((0, 1, 3, 2), (1, 2, 0, 3), (2, 3, 1, 0), (3, 0, 2, 1))
    """
    if n < 1:
        return ()
    first = [0]
    for step in range(1, n):
        first.append((step + 1) // 2 if step % 2 else n - step // 2)
    rows = tuple(tuple((value + shift) % n for value in first) for shift in range(n))
    if n % 2 and n > 1:
        rows += tuple(row[::-1] for row in rows)
    return rows
