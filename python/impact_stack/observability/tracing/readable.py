"""Spans that are read: what opentelemetry-sdk's ReadableSpan shows, from the span's own bytes.

Nothing is kept: each property decodes what it shows when it is asked for.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from opentelemetry import trace

from .. import _core

if TYPE_CHECKING:
    from typing_extensions import Self

    from .resource import Resource
    from .scope import InstrumentationScope

Attributes = Mapping[str, Any]


class Event:
    """Something that happened at one moment of a span. It cannot be changed."""

    __slots__ = ("_attributes", "_dropped", "_name", "_timestamp")

    def __init__(self, name: str, timestamp: int, attributes: Attributes, dropped: int) -> None:
        self._name = name
        self._timestamp = timestamp
        self._attributes = attributes
        self._dropped = dropped

    @property
    def name(self) -> str:
        """What happened."""
        return self._name

    @property
    def timestamp(self) -> int:
        """When, in nanoseconds since 1970."""
        return self._timestamp

    @property
    def attributes(self) -> Attributes:
        """What is said of it."""
        return self._attributes

    @property
    def dropped_attributes(self) -> int:
        """How many attributes were left out."""
        return self._dropped

    def __repr__(self) -> str:
        return f"Event({self._name!r}, {self._timestamp}, {dict(self._attributes)!r})"


class Link(trace.Link):
    """A link that knows how many of its attributes were left out."""

    def __init__(self, context: trace.SpanContext, attributes: Attributes, dropped: int) -> None:
        super().__init__(context, attributes)
        self._dropped = dropped

    @property
    def dropped_attributes(self) -> int:
        """How many attributes were left out."""
        return self._dropped


class ReadableSpan(_core.Span):
    """What is read of a span, while it lives and after. The C type has the other properties."""

    __slots__ = ()

    def __copy__(self) -> Self:
        """Return itself: a program that copies what it has may have a span among it."""
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    @property
    def status(self) -> trace.Status:
        """The status, unset at first."""
        code, description = self._status
        return trace.Status(trace.StatusCode(code), description)

    @property
    def events(self) -> tuple[Event, ...]:
        """The events, in the order in which they were added."""
        return tuple(Event(*head, attributes, n) for head, attributes, n in self._events)

    @property
    def links(self) -> tuple[Link, ...]:
        """The links, in the order in which they were added."""
        return tuple(Link(*link) for link in self._links)

    @property
    def resource(self) -> Resource:
        """What the span is said to come from."""
        resource: Resource = self._tracer.resource
        return resource

    @property
    def instrumentation_scope(self) -> InstrumentationScope:
        """Who made the span."""
        scope: InstrumentationScope = self._tracer.instrumentation_scope
        return scope

    @property
    def instrumentation_info(self) -> InstrumentationScope:
        """The scope, by its name of before opentelemetry-sdk 1.11.1."""
        warnings.warn(
            "use instrumentation_scope in place of instrumentation_info",
            DeprecationWarning,
            stacklevel=2,
        )
        return self.instrumentation_scope

    @property
    def dropped_attributes(self) -> int:
        """How many attributes were left out."""
        return self._dropped[0]

    @property
    def dropped_events(self) -> int:
        """How many events were left out."""
        return self._dropped[1]

    @property
    def dropped_links(self) -> int:
        """How many links were left out."""
        return self._dropped[2]

    def to_json(self, indent: int | None = 4) -> str:
        """Return the span as the JSON text of opentelemetry-sdk."""
        import json  # pylint: disable=import-outside-toplevel; few need it

        resource = self.resource
        parent = self.parent
        members = {
            "name": self.name,
            "context": _context_members(self.context),
            "kind": str(self.kind),
            "parent_id": None if parent is None else f"0x{trace.format_span_id(parent.span_id)}",
            "start_time": _time_text(self.start_time),
            "end_time": _time_text(self.end_time),
            "status": _status_members(self.status),
            "attributes": dict(self.attributes),
            "events": [_event_members(event) for event in self.events],
            "links": [_link_members(link) for link in self.links],
            "resource": {
                "attributes": dict(resource.attributes),
                "schema_url": resource.schema_url,
            },
        }
        return json.dumps(members, indent=indent, default=str)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r}, context={self.context})"


def _context_members(context: trace.SpanContext) -> dict[str, str]:
    return {
        "trace_id": f"0x{trace.format_trace_id(context.trace_id)}",
        "span_id": f"0x{trace.format_span_id(context.span_id)}",
        "trace_state": repr(context.trace_state),
    }


def _status_members(status: trace.Status) -> dict[str, str]:
    members = {"status_code": status.status_code.name}
    if status.description:
        members["description"] = status.description
    return members


def _event_members(event: Event) -> dict[str, Any]:
    return {
        "name": event.name,
        "timestamp": _time_text(event.timestamp),
        "attributes": dict(event.attributes),
    }


def _link_members(link: Link) -> dict[str, Any]:
    return {
        "context": _context_members(link.context),
        "attributes": dict(link.attributes or {}),
    }


def _time_text(unix_ns: int | None) -> str | None:
    """Return a time as ISO 8601 text with microseconds."""
    if unix_ns is None:
        return None
    import datetime  # pylint: disable=import-outside-toplevel; few need it

    seconds, ns = divmod(unix_ns, 10**9)
    moment = datetime.datetime.fromtimestamp(seconds, tz=datetime.timezone.utc)
    return moment.replace(microsecond=ns // 1000).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
