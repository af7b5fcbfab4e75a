"""Id generators: where trace and span ids come from. The core has one; this is for one's own."""

from __future__ import annotations

import abc
import os
from typing import Any

from .needed import need

_SDK_MODULE = "opentelemetry.sdk.trace.id_generator"


class IdGenerator(abc.ABC):
    """What an id generator has, in the shape of opentelemetry-sdk's."""

    @abc.abstractmethod
    def generate_span_id(self) -> int:
        """Return 64 bits that are not 0."""

    @abc.abstractmethod
    def generate_trace_id(self) -> int:
        """Return 128 bits that are not 0."""

    def is_trace_id_random(self) -> bool:
        """Return whether the right-most 56 bits of its trace ids are random."""
        return False


class RandomIdGenerator(IdGenerator):
    """Random ids. A provider that has this one lets the core make them."""

    def generate_span_id(self) -> int:
        return int.from_bytes(os.urandom(8), "big") or self.generate_span_id()

    def generate_trace_id(self) -> int:
        return int.from_bytes(os.urandom(16), "big") or self.generate_trace_id()

    def is_trace_id_random(self) -> bool:
        return True


def generator_to_ask(generator: Any) -> Any:
    """Return the generator; None where the core's ids are as good."""
    if generator is not None:
        need("id_generator", generator, "generate_trace_id", "generate_span_id")
    kind = type(generator)
    is_known = kind.__module__ in (__name__, _SDK_MODULE)
    return None if is_known and kind.__qualname__ == "RandomIdGenerator" else generator
