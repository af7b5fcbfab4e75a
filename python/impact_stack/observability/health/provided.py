"""Checks that the core runs by itself, without the interpreter."""

from __future__ import annotations

from typing import Any

from .. import _core


class Provided:
    """A check of the core's, to be registered as any other.

    A thread that holds the GIL does not delay it. Called, it runs once, and returns whether the
    thing holds.
    """

    max_age_ms = 0  # a result is none that somebody gave

    def __init__(self, kind: str, timeout: float | None, options: dict[str, Any]) -> None:
        self._kind = kind
        self._options = {key: _as_tuple(value) for key, value in options.items()}
        self.timeout_ms = 0 if timeout is None else _milliseconds(timeout)
        self._registry()  # what is wrong with it is known here

    def add_to(self, registry: _core.HealthRegistry, name: str, groups: str) -> None:
        """Register it, under a name of the app's."""
        registry.add_provided(name, groups, self._kind, self._options, self.timeout_ms)

    def _registry(self) -> _core.HealthRegistry:
        """Return a registry with nothing else in it."""
        registry = _core.HealthRegistry(
            lambda name: f"{name} is not the core's",
            prefix="/health",
            secret=None,
            ignores_unknown_checks=False,
            budget_ms=self.timeout_ms,
        )
        self.add_to(registry, self._kind, "_defaults")
        return registry

    def __call__(self) -> bool:
        answer = self._registry().answer("GET", "/health/", b"checks=_defaults", [])
        return answer is not None and answer[0] == 200

    def __repr__(self) -> str:
        return f"<check {self._kind} of the core>"  # the options may have a password


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _milliseconds(seconds: float) -> int:
    if not isinstance(seconds, (int, float)) or not 0.001 <= seconds <= 600:
        raise ValueError(f"the timeout is {seconds!r}, not 0.001 to 600 seconds")
    return round(seconds * 1000)
