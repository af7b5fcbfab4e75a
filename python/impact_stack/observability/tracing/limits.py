"""Limits of spans, in the shape of `opentelemetry.sdk.trace.SpanLimits`."""

from __future__ import annotations

import os
from typing import Any

_DEFAULT = 128
# To the core 0 is "not set", and the largest number is 0 (<impact/options.h>).
_ZERO = 2**32 - 1
_NO_LIMIT = 2**31 - 1


class SpanLimits:
    """How much a span keeps: numbers from 0 on, `UNSET` for no limit, None for the environment's.

    Afterwards None is no limit. Texts are cut to `max_span_attribute_length` characters in spans,
    and to `max_attribute_length` in events and links.
    """

    UNSET = -1

    def __init__(
        self,
        max_attributes: int | None = None,
        max_events: int | None = None,
        max_links: int | None = None,
        max_span_attributes: int | None = None,
        max_event_attributes: int | None = None,
        max_link_attributes: int | None = None,
        max_attribute_length: int | None = None,
        max_span_attribute_length: int | None = None,
    ) -> None:
        count = _limit(max_attributes, "OTEL_ATTRIBUTE_COUNT_LIMIT", _DEFAULT)
        length = _limit(max_attribute_length, "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", None)
        self.max_attributes = count
        self.max_attribute_length = length
        self.max_events = _limit(max_events, "OTEL_SPAN_EVENT_COUNT_LIMIT", _DEFAULT)
        self.max_links = _limit(max_links, "OTEL_SPAN_LINK_COUNT_LIMIT", _DEFAULT)
        self.max_span_attributes = _limit(
            max_span_attributes, "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", count
        )
        self.max_event_attributes = _limit(
            max_event_attributes, "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", count
        )
        self.max_link_attributes = _limit(
            max_link_attributes, "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", count
        )
        self.max_span_attribute_length = _limit(
            max_span_attribute_length, "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", length
        )

    def __repr__(self) -> str:
        members = ", ".join(f"{name}={value}" for name, value in vars(self).items())
        return f"SpanLimits({members})"


def _limit(given: int | None, variable: str, default: int | None) -> int | None:
    """Return what was given, or what the variable says; what is no number is a ValueError."""
    if given == SpanLimits.UNSET:
        return None
    value: Any = given
    if given is None:
        if variable not in os.environ:
            return default
        value = os.environ[variable].strip().lower()
        if not value:
            return None
    try:
        number = int(value)
    except ValueError:
        number = -1
    if number < 0:
        raise ValueError(f"{variable} must be a non-negative integer but got {value}")
    return number


def limit_numbers(limits: Any) -> tuple[int, ...] | None:
    """Return the numbers of limits, ours or opentelemetry-sdk's, in the order of the core."""
    if limits is None:
        return None
    if not hasattr(limits, "max_span_attributes"):
        raise TypeError(f"span_limits is of type {type(limits).__name__}, not SpanLimits")
    given = (
        limits.max_span_attributes,
        limits.max_events,
        limits.max_links,
        limits.max_event_attributes,
        limits.max_link_attributes,
        limits.max_span_attribute_length,
        limits.max_attribute_length,
    )
    return tuple(_NO_LIMIT if n is None else min(n, _NO_LIMIT) or _ZERO for n in given)
