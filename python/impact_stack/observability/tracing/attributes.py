"""Attributes that are not plain: made so here, leniently, before they go to the C core.

The core takes str, bool, int of 64 bits, float, and lists of one of them. Everything else comes
through here once. Recording never raises: what has no better form becomes `str()`, with one warning
a type.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from .. import logger

_AS_STRINGS = "Attribute values of type '%s' are recorded as strings"
_WARNING_LIMIT = 256
_ITEM_LIMIT = 65_536
"""Items of a list, and pairs of attributes, that are looked at: a sequence may be without an end."""

_warned: set[str] = set()


def clean_attributes(attributes: Any) -> dict[str, Any]:
    """Return a dict of plain values, of a mapping or of pairs, without those that are None."""
    plain: dict[str, Any] = {}
    try:
        for key, value in islice(_pairs(attributes), _ITEM_LIMIT):
            _put(plain, key, value)
    except Exception:  # pylint: disable=broad-exception-caught
        _warn_once("Attributes of type '%s' cannot be read", type(attributes))
    return plain


def _pairs(attributes: Any) -> Iterable[tuple[Any, Any]]:
    return list(attributes.items()) if isinstance(attributes, Mapping) else iter(attributes)


def _put(plain: dict[str, Any], key: Any, value: Any) -> None:
    if not isinstance(key, str) or not key:
        _warn_once(
            "Keys of attributes must be strings and not empty; one of '%s' is left out", type(key)
        )
        return
    if value is None:
        return
    try:
        plain[_text(key)] = _value(value)
    except Exception:  # pylint: disable=broad-exception-caught
        _warn_once("Attribute values of type '%s' have no text and are left out", type(value))


def _value(value: Any) -> Any:
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray)):
        return _items(value)
    return _scalar(value)


def _scalar(value: Any) -> str | bool | int | float:
    """Return the plain form of a value; subclasses (an enum of strings) lose their class."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int) and -(2**63) <= int.__int__(value) < 2**63:
        return int.__int__(value)
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, (bytes, bytearray)):
        return value.decode("utf-8", "replace")
    _warn_once(_AS_STRINGS, type(value))
    return _text(str(value))


def _items(values: Sequence[Any]) -> list[Any]:
    """Return scalars of one type: ints beside floats become floats, any other mixture strings."""
    items = [_scalar(value) for value in islice(values, _ITEM_LIMIT + 1)]
    if len(items) > _ITEM_LIMIT:
        _warn_once(f"Of a '%s' only the first {_ITEM_LIMIT} items are kept", type(values))
        items.pop()
    types = {type(item) for item in items}
    if len(types) <= 1:
        return items
    if types == {int, float}:
        return [float(item) for item in items]
    _warn_once(_AS_STRINGS, type(values))
    return [_text(str(item)) for item in items]


def _text(value: str) -> str:
    """Return a str that can be encoded: lone surrogates become question marks."""
    return str.encode(value, "utf-8", "replace").decode("utf-8")


def _warn_once(message: str, subject: type) -> None:
    """Log a message about a type: once, as a hot loop must not fill the log."""
    text = message % f"{subject.__module__}.{subject.__qualname__}"
    if text in _warned or len(_warned) >= _WARNING_LIMIT:
        return
    _warned.add(text)
    logger.warning("%s", text)
