"""The checks of an app: their names, groups and functions."""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from .. import _core
from .heartbeat import Heartbeat

if TYPE_CHECKING:
    from .answers import Answers

Check = Callable[[], Any]

PHASES = ("starting", "serving", "draining")  # impact_health_phase

_GROUP = re.compile(r"_[A-Za-z0-9.:/_-]{1,63}")


class Checks:
    """What is registered.

    `checks` and `default_checks` may be changed at any time; the next request sees it.
    """

    def __init__(self) -> None:
        self.checks: dict[str, Check] = {}
        self.default_checks: list[str] = []
        self.groups: dict[str, tuple[str, ...]] = {}  # of each check, beside the defaults
        self._phase = "serving"
        self._told: weakref.WeakSet[Answers] = weakref.WeakSet()

    @property
    def phase(self) -> str:
        """Where this process stands: "starting", "serving" or "draining".

        What starts is neither `_startup` nor `_ready`, what drains is not `_ready`, whatever the
        checks say; `_live` never depends on it.
        """
        return self._phase

    @phase.setter
    def phase(self, phase: str) -> None:
        if phase not in PHASES:
            raise ValueError(f"{phase!r} is none of the phases {', '.join(PHASES)}")
        self._phase = phase
        for answers in list(self._told):
            answers.set_phase(PHASES.index(phase))

    def answered_by(self, answers: Answers) -> None:
        """Tell these of the phase, now and when it changes."""
        self._told.add(answers)
        answers.set_phase(PHASES.index(self._phase))
        if any(isinstance(check, Heartbeat) for check in self.checks.values()):
            answers.current_registry()  # their time begins now

    def register_check(
        self,
        name: str,
        check: Check | None = None,
        add_to_defaults: bool = True,
        *,
        groups: Iterable[str] = (),
    ) -> Callable[[Check], Check] | None:
        """Register a check, or return a decorator that does.

        A name that is registered already gets the new function. Groups begin with an underscore:
        `_live`, `_ready` and `_startup` are what orchestrators ask for.
        """
        names = (groups,) if isinstance(groups, str) else tuple(groups)
        for group in names:
            if not _GROUP.fullmatch(group):
                raise ValueError(f"{group!r} is not the name of a group")
        if check is None:
            return lambda function: self._register(name, function, add_to_defaults, names)
        self._register(name, check, add_to_defaults, names)
        return None

    def heartbeat(
        self,
        name: str,
        *,
        max_age: float,
        add_to_defaults: bool = True,
        groups: Iterable[str] = (),
    ) -> Heartbeat:
        """Register a check that fails when its `beat()` was not called for `max_age` seconds.

        It holds until then, from now or the fork of the process on.
        """
        heartbeat = Heartbeat(max_age)
        self.register_check(name, heartbeat, add_to_defaults, groups=groups)
        for answers in list(self._told):
            answers.current_registry()
        return heartbeat

    def _register(
        self, name: str, check: Check, add_to_defaults: bool, groups: tuple[str, ...]
    ) -> Check:
        if not _core.is_check_name(name):
            raise ValueError(f"{name!r} cannot be asked for as a check in a URL")
        if not callable(check):
            raise TypeError(
                f"check {name!r} is of type {type(check).__name__}: it cannot be called"
            )
        self.checks[name] = check
        self.groups[name] = groups
        if add_to_defaults and name not in self.default_checks:
            self.default_checks.append(name)
        return check
