"""Messages that would repeat: each cause is said once a minute, with what was not said counted."""

from __future__ import annotations

import time

from .. import logger

_MINUTE = 60.0
_CAUSE_LIMIT = 256

_said: dict[str, float] = {}
_kept_back: dict[str, int] = {}


def say(level: int, cause: str, message: str, error: BaseException | None = None) -> None:
    """Log `message`, unless something was logged of this cause within a minute."""
    now = time.monotonic()
    last = _said.get(cause)
    if last is not None and now - last < _MINUTE:
        _kept_back[cause] = _kept_back.get(cause, 0) + 1
        return
    if last is None and len(_said) >= _CAUSE_LIMIT:
        return
    _said[cause] = now
    suppressed = _kept_back.pop(cause, 0)
    if suppressed:
        message = f"{message} ({suppressed} like this were not logged)"
    logger.log(level, "%s", message, exc_info=error)
