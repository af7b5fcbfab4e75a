"""Instrumentation scopes: who makes the spans."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any


class InstrumentationScope:
    """The name and version of a library, the schema of its spans, and attributes of it.

    In the shape of `opentelemetry.sdk.util.instrumentation.InstrumentationScope`, and equal to one
    that says the same.
    """

    __slots__ = ("_attributes", "_name", "_schema_url", "_version")

    def __init__(
        self,
        name: str,
        version: str | None = None,
        schema_url: str | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> None:
        self._name = name
        self._version = version or ""
        self._schema_url = schema_url or ""
        self._attributes = MappingProxyType(dict(attributes or {}))

    @property
    def name(self) -> str:
        """The name of the library."""
        return self._name

    @property
    def version(self) -> str:
        """Its version; empty where it is not known."""
        return self._version

    @property
    def schema_url(self) -> str:
        """Of the semantic conventions that its spans keep to."""
        return self._schema_url

    @property
    def attributes(self) -> Mapping[str, Any]:
        """What else is said of it."""
        return self._attributes

    def _members(self) -> tuple[Any, ...]:
        return (self._name, self._version, self._schema_url)

    def __eq__(self, other: object) -> bool:
        members = _members_of(other)
        if members is None:
            return NotImplemented
        attributes = getattr(other, "attributes", None) or {}
        return self._members() == members and self._attributes == dict(attributes)

    def __lt__(self, other: object) -> bool:
        members = _members_of(other)
        return NotImplemented if members is None else self._members() < members

    def __hash__(self) -> int:
        return hash(self._members())

    def __repr__(self) -> str:
        return (
            f"InstrumentationScope({self._name!r}, {self._version!r},"
            f" {self._schema_url!r}, {dict(self._attributes)!r})"
        )


def _members_of(other: object) -> tuple[Any, ...] | None:
    """Return name, version and schema of what has the shape of a scope."""
    try:
        name, version, schema_url = (getattr(other, n) for n in ("name", "version", "schema_url"))
    except AttributeError:
        return None
    return (name, version or "", schema_url or "")
