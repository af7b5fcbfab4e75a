"""Probes left out of the access logs of werkzeug and gunicorn, where that is asked for."""

from __future__ import annotations

import logging
import re
from typing import Any

LOGGERS = ("werkzeug", "gunicorn.access")

_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")  # werkzeug's colours


class ProbeFilter(logging.Filter):
    """Drops what an access log says of requests below a path that were answered with less than 400.

    What fails stays. It may be given to any logger or handler of either server.
    """

    def __init__(self, path: str = "/health") -> None:
        super().__init__()
        self._path = path.rstrip("/")

    def filter(self, record: logging.LogRecord) -> bool:
        path, status = _request_of(record.args)
        is_probe = path == self._path or path.startswith(self._path + "/")
        return not (is_probe and status < 400)


def leave_probes_out(path: str) -> None:
    """Filter the access logs of this process, once for each path."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(f, ProbeFilter) and f._path == path for f in logger.filters):
            logger.addFilter(ProbeFilter(path))


def _request_of(args: Any) -> tuple[str, int]:
    """Return path and status; ("", 0) for a record that is about no request."""
    try:
        if isinstance(args, dict):  # gunicorn's, whatever its format makes of it
            return str(args["U"]), int(args["s"])
        line, status, _ = args  # werkzeug's: '"GET /path HTTP/1.1" 200 -'
        target = _ESCAPES.sub("", line).split(" ")[1]
        return target.partition("?")[0], int(status)
    except (KeyError, IndexError, TypeError, ValueError):
        return "", 0
