"""The checks of an app: their names, groups and functions."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from .. import _core

Check = Callable[[], Any]

_GROUP = re.compile(r"_[A-Za-z0-9.:/_-]{1,63}")


class Checks:
    """What is registered.

    `checks` and `default_checks` may be changed at any time; the next request sees it.
    """

    def __init__(self) -> None:
        self.checks: dict[str, Check] = {}
        self.default_checks: list[str] = []
        self.groups: dict[str, tuple[str, ...]] = {}  # of each check, beside the defaults

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

    def _register(
        self, name: str, check: Check, add_to_defaults: bool, groups: tuple[str, ...]
    ) -> Check:
        if not _core.is_check_name(name):
            raise ValueError(f"{name!r} cannot be asked for as a check in a URL")
        self.checks[name] = check
        self.groups[name] = groups
        if add_to_defaults and name not in self.default_checks:
            self.default_checks.append(name)
        return check
