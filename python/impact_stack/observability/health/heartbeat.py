"""Signs of life of a loop or a thread, for checks that fail when there are none."""

from __future__ import annotations

from .. import _core

AGE_LIMIT_SECONDS = 7 * 24 * 3600


class Heartbeat(_core.Pulse):
    """A check that holds while it is beaten: call `beat()` in each round of a loop.

    It may be called on any thread, and costs no more than a call does. The core judges when
    somebody asks, without the interpreter.
    """

    timeout_ms = 0  # nothing is run for it

    def __init__(self, max_age: float) -> None:
        self.max_age_ms = _milliseconds(max_age)

    def add_to(self, registry: _core.HealthRegistry, name: str, groups: str) -> None:
        """Register it, under a name of the app's."""
        registry.add_heartbeat(name, groups, self.max_age_ms, self)

    def __call__(self) -> bool:
        """Return whether it was beaten in time; at first, whether there was none yet."""
        return self.age() * 1000 <= self.max_age_ms


def _milliseconds(seconds: float) -> int:
    is_number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    if not is_number or not 0.01 <= seconds <= AGE_LIMIT_SECONDS:
        raise ValueError(f"max_age is {seconds!r}, not 0.01 to {AGE_LIMIT_SECONDS} seconds")
    return round(seconds * 1000)
