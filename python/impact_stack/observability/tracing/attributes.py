"""Attributes that are not plain: made so here, leniently, before they go to the C core.

The core takes None, str, bool, int of 64 bits, float, bytes, and lists, tuples and dicts of them.
Everything else comes through here once. Recording never raises: what has no better form becomes
`str()`, with one warning a key and type.
"""

import numbers
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from .. import logger

_WARNING_LIMIT = 256
_ITEM_LIMIT = 65_536
"""Pairs of attributes, and items of one value, that are looked at: a sequence may be without an
end."""
_DEPTH_LIMIT = 30
"""Lists and dicts in one another: IMPACT_VALUE_DEPTH_LIMIT of the core."""

_warned: set[str] = set()


def clean_attributes(attributes: Any) -> dict[str, Any]:
    """Return a dict of plain values: of a mapping, or of pairs."""
    plain: dict[str, Any] = {}
    try:
        for key, value in islice(_pairs(attributes), _ITEM_LIMIT):
            _put(plain, key, value)
    except Exception:  # pylint: disable=broad-exception-caught
        _warn_once(f"Attributes of type '{_type_name(attributes)}' cannot be read")
    return plain


def _pairs(attributes: Any) -> Iterator[tuple[Any, Any]]:
    """Keys of mappings become text, as opentelemetry-sdk does; the key of a pair has to be text."""
    if not isinstance(attributes, Mapping):
        return iter(attributes)
    items: Iterable[tuple[Any, Any]] = attributes.items()
    if isinstance(attributes, dict):
        items = list(items)  # another thread may be changing it
    return ((_key(key), value) for key, value in items)


def _key(key: Any) -> Any:
    if isinstance(key, str) or not key or not _has_text(key):
        return key
    _warn_once(f"A key of type '{_type_name(key)}' is recorded as its text")
    return str(key)


def _is_key(key: Any) -> bool:
    if isinstance(key, str) and key:
        return True
    _warn_once(
        "Keys of attributes must be strings and not empty;"
        f" one of type '{_type_name(key)}' is left out"
    )
    return False


def _put(plain: dict[str, Any], key: Any, value: Any) -> None:
    if not _is_key(key):
        return
    cleaner = _Cleaner(key)
    try:
        plain[_text(key)] = cleaner.value(value, _DEPTH_LIMIT)
    except Exception:  # pylint: disable=broad-exception-caught
        cleaner.warn(f"a value of type '{_type_name(value)}' cannot be read and is left out")


class _Cleaner:
    """Makes the value of one attribute plain."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.items_left = _ITEM_LIMIT

    def warn(self, message: str) -> None:
        _warn_once(f"Attribute {_text(self.key)[:100]!r}: {message}")

    def value(self, value: Any, depth_left: int) -> Any:
        """Return the plain form of any value; subclasses (an enum of strings) lose their class."""
        value = _without_numpy(value)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return _text(value)
        if isinstance(value, (bytes, bytearray, memoryview)):
            return bytes(value)
        if isinstance(value, (Sequence, Mapping)):
            return self._container(value, depth_left)
        return self._scalar(value)

    def _container(self, value: Any, depth_left: int) -> Any:
        if depth_left == 0:
            self.warn(f"what lies deeper than {_DEPTH_LIMIT} is left out")
            return None
        if not isinstance(value, Mapping):
            return [self.value(item, depth_left - 1) for item in self._take(value)]
        pairs = [pair for pair in self._take(_pairs(value)) if _is_key(pair[0])]
        return {_text(key): self.value(item, depth_left - 1) for key, item in pairs}

    def _take(self, items: Iterable[Any]) -> list[Any]:
        """Take from what may still be looked at."""
        taken = list(islice(items, self.items_left + 1))
        if len(taken) > self.items_left:
            self.warn(f"only the first {_ITEM_LIMIT} items are kept")
            taken.pop()
        self.items_left -= len(taken)
        return taken

    def _scalar(self, value: Any) -> Any:
        number = _number(value)
        if number is not None:
            return number
        if not _has_text(value):
            self.warn(f"a value of type '{_type_name(value)}' has no text and is recorded as null")
            return None
        text = _text(str(value))
        self.warn(f"values of type '{_type_name(value)}' are recorded as strings")
        return text


def _without_numpy(value: Any) -> Any:
    """Return Python's own numbers for those of numpy and its like, which tell their `dtype`."""
    if not hasattr(type(value), "dtype") or not hasattr(value, "tolist"):
        return value
    return value.tolist() if getattr(value, "size", 1) <= _ITEM_LIMIT else value


def _number(value: Any) -> int | float | None:
    """Return the int or float that a value is; ints beyond 64 bits are none, and neither is
    text."""
    if isinstance(value, int):
        whole = int.__int__(value)
    elif isinstance(value, numbers.Integral) or hasattr(type(value), "__index__"):
        whole = operator.index(value)
    elif isinstance(value, float):
        return float.__float__(value)
    elif isinstance(value, numbers.Real):
        return float(value)
    else:
        return None
    return whole if -(2**63) <= whole < 2**63 else None


def _has_text(value: Any) -> bool:
    """Whether str() says more than a type and an address."""
    kind: Any = type(value)
    return kind.__str__ is not object.__str__ or kind.__repr__ is not object.__repr__


def _text(value: str) -> str:
    """Return a str that can be encoded: lone surrogates become question marks."""
    return str.encode(value, "utf-8", "replace").decode("utf-8")


def _type_name(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _warn_once(message: str) -> None:
    """Log a message once, as a hot loop must not fill the log."""
    if message in _warned or len(_warned) >= _WARNING_LIMIT:
        return
    _warned.add(message)
    logger.warning("%s", message)
