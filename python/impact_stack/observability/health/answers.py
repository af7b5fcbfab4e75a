"""The answers of one app, whatever serves it: what the C core says of the app's checks.

DESIGN: an Answers is the state of one app. It holds a registry of the C core, which is brought in
line with the checks and the configuration before each answer, without touching what runs. The core
runs the checks on its own threads; each run comes back here by its name. The registry knows the
Answers only weakly, so that an app can go away.

Health fails closed: a check that is wanted and cannot be run is a check that fails. One that the
core refuses can be asked for by nobody, so it fails every answer; a default that is not registered
fails where the defaults are asked for (`missing.py`).
"""

from __future__ import annotations

import contextvars
import functools
import inspect
import os
import threading
import urllib.parse
import weakref
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import _core, logger
from ..configuration import look_over
from . import checks, missing, settings
from .heartbeat import Heartbeat
from .missing import DEFAULTS
from .places import GONE, OwnThreads, place_of_request
from .port import Port
from .provided import Provided
from .untraced import suppress_instrumentation

if TYPE_CHECKING:
    from .registered import Checks

# Beside the prefix, and the group that each asks for.
PROBES = {"/livez": "_live", "/readyz": "_ready", "/startupz": "_startup"}

_NATIVE = (Provided, Heartbeat)

_is_check_name = functools.lru_cache(maxsize=2048)(_core.is_check_name)


def _runner_of(answers: Answers) -> Callable[[str], str | None]:
    """Return what the registry calls; it does not keep the answers alive."""
    reference = weakref.ref(answers)

    def run(name: str) -> str | None:
        alive = reference()
        return alive.run_check(name) if alive is not None else "the app is gone"

    return run


class _Entry(NamedTuple):
    """A check as the registry has it."""

    name: str
    groups: str  # a comma list
    native: Provided | Heartbeat | None  # the core knows by itself; None: it comes back here

    @property
    def identity(self) -> tuple[str, Provided | Heartbeat | None]:
        """Return what cannot be changed in a check that is registered."""
        return self.name, self.native

    def add_to(self, registry: _core.HealthRegistry) -> None:
        if self.native is None:
            registry.add(self.name, self.groups)
        else:
            self.native.add_to(registry, self.name, self.groups)

    def change_in(self, registry: _core.HealthRegistry) -> None:
        """Bring its groups and limits in line, and make it the last."""
        limits = (0, 0) if self.native is None else (self.native.timeout_ms, self.native.max_age_ms)
        registry.change(self.name, self.groups, *limits)


class _Visit(NamedTuple):
    """What a check that runs for a request has of it."""

    context: contextvars.Context
    place: OwnThreads


class Request(NamedTuple):
    """A request, as far as it matters here."""

    method: str
    path: str  # decoded
    query: bytes
    checks: str | None  # the query's parameter, decoded
    headers: list[tuple[str, bytes]]


class Answers:
    """Answers the health requests of one app."""

    def __init__(self, checks_: Checks, config: Mapping[str, Any], prefix: str) -> None:
        if "HEALTH_URL_SECRET" not in config:
            raise RuntimeError("HEALTH_URL_SECRET not set")
        if config["HEALTH_URL_SECRET"] == "":
            raise RuntimeError("HEALTH_URL_SECRET is empty; None switches the check off")
        settings.check_text("HEALTH_URL_SECRET", config["HEALTH_URL_SECRET"], or_none=True)
        second = config.get("HEALTH_URL_SECOND_SECRET")
        settings.check_text("HEALTH_URL_SECOND_SECRET", second, or_none=True)
        settings.check_text("url_prefix", prefix)
        look_over(config, settings.NAMES, settings.SWITCHES, "Health")
        self._checks = checks_
        self._config = config
        self.prefix = prefix.rstrip("/")
        self._has_probes = bool(config.get("HEALTH_PROBES", False))
        self.paths = [self.prefix, *(PROBES if self._has_probes else ())]
        self._settings = settings.read(config, None)
        try:
            self._registry = self._open_registry()
        except ValueError as error:  # all else was looked at
            raise ValueError(self._what_is_wrong(prefix)) from error
        self._registered: list[_Entry] = []
        self._refused: set[Any] = set()
        self._said: set[Any] = set()
        # By process: what another thread held when the process forked is nobody's in the child.
        self._locks: dict[int, threading.Lock] = {}
        self._answering: dict[tuple[int, object], _Visit] = {}
        self._running: dict[tuple[int, str], object] = {}
        checks_.answered_by(self)

    def set_phase(self, phase: int) -> None:
        """Say where the process stands, on a port of its own too, at once."""
        self._registry.set_phase(phase)

    def listen(self, address: Any) -> None:
        """Serve the paths on a port of their own, with a check that tells of the interpreter."""
        if not isinstance(address, str):
            raise TypeError(f"HEALTH_LISTEN is {address!r}, not an address such as 127.0.0.1:8081")
        if "interpreter" not in self._checks.checks:
            self._checks.register_check("interpreter", checks.check_true)
        self._port = Port(self, address)
        try:
            self._port.open()
        except ValueError as error:
            raise ValueError(
                f"HEALTH_LISTEN is {address!r}, not an address such as 127.0.0.1:8081"
            ) from error

    def look_at_interpreter(self) -> None:
        """Run the check that tells of the interpreter: its last result is its last sign of life."""
        secret = self._settings.secret or ""
        header = "Authorization", b"Bearer " + secret.encode()
        self._registry.answer("GET", f"{self.prefix}/", b"checks=interpreter", [header])

    def current_registry(self) -> _core.HealthRegistry:
        """Return the registry, in line with the configuration and the checks of this moment."""
        return self._current_registry()[0]

    # ---- the registry ----

    def _open_registry(self) -> _core.HealthRegistry:
        return _core.HealthRegistry(
            _runner_of(self),
            prefix=self.prefix,
            secret=self._settings.secret,
            second_secret=self._settings.second_secret,
            ignores_unknown_checks=not self._settings.is_strict,
            has_probes=self._has_probes,
            shows_explanations=bool(self._config.get("HEALTH_SHOWS_EXPLANATIONS", False)),
            budget_ms=self._settings.budget_ms,
            **settings.service_facts(self._config),
        )

    def _what_is_wrong(self, prefix: str) -> str:
        """Say which setting the core refuses."""
        for fact, value in settings.service_facts(self._config).items():
            options: dict[str, Any] = {fact: value}
            try:
                _core.HealthRegistry(_runner_of(self), prefix="/health", secret=None, **options)
            except ValueError:
                return (
                    f"HEALTH_{fact.upper()} is {value!r}: it has at most 255 bytes and no control "
                    "character, and that of the service is ASCII without blanks at its ends"
                )
        return f"url_prefix is {prefix!r}, not a path such as /health"

    def _current_registry(self) -> tuple[_core.HealthRegistry, missing.Missing]:
        """Return the registry, in line with the configuration and the checks of this moment.

        And what it misses.
        """
        with self._locks.setdefault(os.getpid(), threading.Lock()):
            self._reconfigure()
            self._reconcile()
            return self._registry, self._missing_checks()

    def _reconfigure(self) -> None:
        """Make the registry have the settings of now. What runs goes on."""
        wanted = settings.read(self._config, self._settings)
        if wanted == self._settings:
            return
        self._registry.set(
            secret=wanted.secret,
            second_secret=wanted.second_secret,
            ignores_unknown_checks=not wanted.is_strict,
            budget_ms=wanted.budget_ms,
        )
        if wanted.budget_ms != self._settings.budget_ms:  # the checks' time limit too
            for entry in self._registered:
                entry.change_in(self._registry)
        self._settings = wanted

    def _wanted_checks(self) -> list[_Entry]:
        """Return the checks that can be asked for."""
        return [
            _Entry(name, self._groups_of(name), check if isinstance(check, _NATIVE) else None)
            for name, check in list(self._checks.checks.items())
            if self._takes(name)
        ]

    def _groups_of(self, name: str) -> str:
        """Return the groups of a check as a comma list; the defaults are one."""
        groups = self._checks.groups.get(name, ())
        return ",".join((DEFAULTS, *groups) if name in self._checks.default_checks else groups)

    def _takes(self, name: Any) -> bool:
        """Return whether a name can be asked for; say so once when it cannot."""
        if _is_check_name(name):
            return True
        self._refused.add(name)
        self._say_once(name, "Health check %r is left out: it cannot be asked for in a URL", name)
        return False

    def _say_once(self, name: Any, message: str, *arguments: object) -> None:
        if name not in self._said:
            self._said.add(name)
            logger.error(message, *arguments)

    def _reconcile(self) -> None:
        """Make the registry hold the wanted checks in their order; what is not new runs on."""
        self._refused = set()
        wanted = self._wanted_checks()
        if wanted == self._registered:
            return
        kept = {entry.identity for entry in wanted}
        for entry in self._registered:
            if entry.identity not in kept:
                self._registry.remove(entry.name)
        former = [entry for entry in self._registered if entry.identity in kept]
        same = len(os.path.commonprefix([wanted, former]))  # noqa: RUF071 - of lists
        present = {entry.identity for entry in former}
        self._registered = wanted[:same]
        for entry in wanted[same:]:
            self._put_last(entry, is_present=entry.identity in present)

    def _put_last(self, entry: _Entry, *, is_present: bool) -> None:
        """Add a check, or move one that is there to the end."""
        put = entry.change_in if is_present else entry.add_to
        try:
            put(self._registry)
        except (ValueError, RuntimeError) as error:
            self._refused.add(entry.name)
            self._say_once(
                entry.name, "Health check '%s' cannot be registered: %s", entry.name, error
            )
        else:
            self._registered.append(entry)

    def _missing_checks(self) -> missing.Missing:
        """Return what is wanted and not in the registry."""
        absent = [n for n in self._checks.default_checks if n not in self._checks.checks]
        for name in absent:
            self._say_once(name, "Health check %r is a default, and is not registered", name)
        return missing.Missing(refused=list(self._refused), defaults=absent)

    # ---- a run ----

    def run_check(self, name: str) -> str | None:
        """Run a check; return why it does not hold. Called on a thread of the core."""
        check = self._checks.checks.get(name)
        key = (os.getpid(), name)
        token = object()
        # The core never starts a check twice; but it forgets one that was taken out and put back.
        if check is None:
            return "it was taken out"
        if self._running.setdefault(key, token) is not token:
            return "its last run has not ended"
        try:
            return self._run_for_request(name, check)
        finally:
            del self._running[key]

    def _run_for_request(self, name: str, check: Callable[[], Any]) -> str | None:
        """Run a check in the place of a request that waits; of the next, if that one goes."""
        while (request := self._request_of_run()) is not None:
            context = request.context.copy()
            result = request.place.run(
                functools.partial(context.run, self._call_check, name, check)
            )
            if result != GONE:
                return result
        # The port's own requests have no thread of Python's.
        if self._config.get("HEALTH_INLINE") and not self._config.get("HEALTH_LISTEN"):
            return GONE
        return contextvars.Context().run(self._call_check, name, check)

    def _request_of_run(self) -> _Visit | None:
        """Return the request that waits longest.

        A run serves all the requests that ask for it while it runs. The oldest is not displaced by
        those that come and go meanwhile.
        """
        for (process, _), request in list(self._answering.items()):
            if process == os.getpid() and not request.place.is_over:
                return request
        return None

    def _call_check(self, name: str, check: Callable[[], Any]) -> str | None:
        try:
            with suppress_instrumentation():
                result = _sound(self.call_check(check))
                return None if result else f"it returned {result!r:.80}"
        except BaseException as error:  # pylint: disable=broad-exception-caught
            # SystemExit as well: on a thread of the core there is nothing to exit.
            logger.exception("Health check '%s' failed", name)
            return f"it raised {type(error).__name__}"

    def call_check(self, check: Callable[[], Any]) -> Any:
        """Call a check where it belongs."""
        raise NotImplementedError

    # ---- a request ----

    def selector_of(self, request: Request) -> str | None:
        """Return what a request asks for, None for the defaults: as the core reads it."""
        path = request.path.rstrip("/")
        group = PROBES.get(path) if self._has_probes else None
        named = group or next(
            (path[len(own) + 1 :] for own in self.paths if path.startswith(own + "/")), ""
        )
        return f"{named},{request.checks or ''}" if named else request.checks

    def respond(self, request: Request) -> missing.Answer | None:
        """Answer a request; None when its path is not one of ours."""
        registry, missed = self._current_registry()
        key = (os.getpid(), object())
        place = place_of_request(bool(self._config.get("HEALTH_INLINE", False)))
        selector = self.selector_of(request)
        self._answering[key] = _Visit(contextvars.copy_context(), place)
        asked = (
            request.method,
            urllib.parse.quote(request.path.encode("utf-8", "surrogateescape")),
            missed.in_its_format(request.query, selector),
            request.headers,
        )
        try:
            answered = place.wait(lambda: registry.answer(*asked))
        finally:
            del self._answering[key]
        return None if answered is None else missed.close(answered, selector)


def _sound(result: Any) -> Any:
    """Return what a check returned. One that only promises a result holds nothing."""
    if inspect.isawaitable(result):
        raise TypeError("the check returned an awaitable; register the coroutine function itself")
    if isinstance(result, tuple):  # (False, "why"), as other libraries have it, would be true
        raise TypeError("the check returned a tuple, not whether it holds")
    return result
