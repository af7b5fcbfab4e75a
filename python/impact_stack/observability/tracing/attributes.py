"""Attributes that are not plain: made so here, leniently, before they go to the C core.

The core takes str, bool, int of 64 bits, float, and lists of one of them. Everything else comes through
here once. Recording never raises: what has no better form becomes `str()`, with one warning a type.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .. import logger

_INT64 = range(-(2**63), 2**63)
_WARNED_TYPE_LIMIT = 256

_warned_types: set[str] = set()


def clean_attributes(attributes: Any) -> dict[str, Any]:
    """Return a dict of plain values, of a mapping or of pairs. Values that are None are left out."""
    plain: dict[str, Any] = {}
    try:
        for key, value in _pairs(attributes):
            _put(plain, key, value)
    except Exception:  # pylint: disable=broad-exception-caught
        logger.warning("Attributes of type '%s' cannot be read", type(attributes).__name__)
    return plain


def _pairs(attributes: Any) -> Iterable[tuple[Any, Any]]:
    return list(attributes.items()) if isinstance(attributes, Mapping) else attributes


def _put(plain: dict[str, Any], key: Any, value: Any) -> None:
    if not isinstance(key, str) or not key:
        logger.warning("An attribute's key must be a string that is not empty: it is left out")
        return
    if value is None:
        return
    try:
        plain[_text(key)] = _value(value)
    except Exception:  # pylint: disable=broad-exception-caught
        logger.warning("The value of attribute '%s' cannot be a string: it is left out", key)


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
    if isinstance(value, int) and value in _INT64:
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, (bytes, bytearray)):
        return value.decode("utf-8", "replace")
    _warn_once(value)
    return _text(str(value))


def _items(values: Sequence[Any]) -> list[Any]:
    """Return scalars of one type: ints beside floats become floats, any other mixture strings."""
    items = [_scalar(value) for value in values]
    types = {type(item) for item in items}
    if len(types) <= 1:
        return items
    if types == {int, float}:
        return [float(item) for item in items]
    _warn_once(values)
    return [_text(str(item)) for item in items]


def _text(value: str) -> str:
    """Return a str that can be encoded: lone surrogates become question marks."""
    return str.encode(value, "utf-8", "replace").decode("utf-8")


def _warn_once(value: Any) -> None:
    name = f"{type(value).__module__}.{type(value).__qualname__}"
    if name in _warned_types or len(_warned_types) >= _WARNED_TYPE_LIMIT:
        return
    _warned_types.add(name)
    logger.warning("Attribute values of type '%s' are recorded as strings", name)
