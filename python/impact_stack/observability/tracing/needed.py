"""What is set up has to be of use: what is not is refused at once, by the name of its argument."""

from __future__ import annotations

from typing import Any


def need(argument: str, value: Any, *methods: str) -> None:
    """Raise a TypeError for what has not one of these methods."""
    for method in methods:
        if not callable(getattr(value, method, None)):
            raise TypeError(
                f"{argument} is of type {type(value).__name__}, which has no {method}()"
            )


def need_one_of(argument: str, value: Any, *methods: str) -> None:
    """Raise a TypeError for what has none of these methods."""
    if not any(callable(getattr(value, method, None)) for method in methods):
        named = " and no ".join(f"{method}()" for method in methods)
        raise TypeError(f"{argument} is of type {type(value).__name__}, which has no {named}")
