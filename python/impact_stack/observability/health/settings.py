"""What an app's configuration says of its health, when it is set up and while it runs."""

from __future__ import annotations

import functools
import secrets
from collections.abc import Mapping
from typing import Any, NamedTuple

from .. import logger

BUDGET_LIMIT_MS = 10 * 60 * 1000


class Settings(NamedTuple):
    """What the app's configuration says."""

    secret: str | None
    second_secret: str | None  # is as good, while the first is changed
    is_strict: bool
    budget_ms: int  # 0: the core's default


def read(config: Mapping[str, Any], former: Settings | None) -> Settings:
    """Return what is configured now; while the app runs, nothing raises.

    A secret that was taken away or emptied is not an open door: the former one stays. What cannot
    be a secret lets nobody in. A former budget stays in the place of what is none.
    """
    is_strict = bool(config.get("HEALTH_STRICT", False))
    secret = config.get("HEALTH_URL_SECRET", "")
    second = config.get("HEALTH_URL_SECOND_SECRET")
    if former is None:
        return Settings(secret, second, is_strict, budget_ms(config.get("HEALTH_BUDGET_MS")))
    try:
        budget = budget_ms(config.get("HEALTH_BUDGET_MS"))
    except ValueError:
        budget = former.budget_ms
    secret = former.secret if secret == "" else _sound("HEALTH_URL_SECRET", secret)
    second = _sound("HEALTH_URL_SECOND_SECRET", second)
    return Settings(secret, second, is_strict, budget)


def service_facts(config: Mapping[str, Any]) -> dict[str, str | None]:
    """Return what the service says of itself, by the names of the core's options."""
    facts = {}
    for fact in ("service_id", "version", "release_id", "description"):
        name = f"HEALTH_{fact.upper()}"
        check_text(name, config.get(name), or_none=True)
        facts[fact] = config.get(name)
    return facts


SWITCHES = (
    "HEALTH_ACCESS_LOG",
    "HEALTH_INLINE",
    "HEALTH_PROBES",
    "HEALTH_SHOWS_EXPLANATIONS",
    "HEALTH_STRICT",
    "HEALTH_TRACED",
)
NAMES = (
    "HEALTH_BUDGET_MS",
    "HEALTH_DESCRIPTION",
    "HEALTH_LISTEN",
    "HEALTH_RELEASE_ID",
    "HEALTH_SERVICE_ID",
    "HEALTH_URL_SECOND_SECRET",
    "HEALTH_URL_SECRET",
    "HEALTH_VERSION",
)


def budget_ms(value: object) -> int:
    """Return a budget that can be kept; None and what is none stand for the default."""
    if value is None:
        return 0
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= BUDGET_LIMIT_MS:
        return value
    raise ValueError(f"HEALTH_BUDGET_MS is {value!r}, not a whole number of 1 to {BUDGET_LIMIT_MS}")


def check_text(name: str, value: object, *, or_none: bool = False) -> None:
    """Refuse, by the name of the setting, what the core would not take as text."""
    if or_none and value is None:
        return
    if not isinstance(value, str):
        raise TypeError(f"{name} is of type {type(value).__name__}, not str")
    if "\0" in value:
        raise ValueError(f"{name} has a null character")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{name} is no text: {error.reason}") from None


def _sound(name: str, secret: Any) -> str | None:
    try:
        check_text(name, secret, or_none=True)
    except (TypeError, ValueError) as error:
        _say_once(str(error))
        return _nobodys_secret()
    result: str | None = secret
    return result


@functools.cache
def _say_once(message: str) -> None:
    logger.error("%s: nobody is let in until it is mended", message)


@functools.cache
def _nobodys_secret() -> str:
    return secrets.token_hex(32)
