"""What an answer says of checks that are wanted and are not in the core's registry: they fail."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

Answer = tuple[int, list[tuple[str, str]], bytes]

DEFAULTS = "_defaults"
LIVE = "_live"


class Missing(NamedTuple):
    """Checks that are wanted and cannot be run."""

    refused: list[Any]  # what the core did not take: not to be asked for, so it fails every answer
    defaults: list[Any]  # defaults that nobody registered

    def in_its_format(self, query: bytes, selector: str | None) -> bytes:
        """Return the query for the core: where something is missing, the answer is JSON.

        No other format has a place for it here, and a green one would be wrong.
        """
        return b"format=json&" + query if self._selected(selector) else query

    def close(self, answer: Answer, selector: str | None) -> Answer:
        """Return the core's answer with what is missing in it, as failed.

        `selector` is the request's, None for the defaults. What is no report stays as it is.
        """
        names = self._selected(selector)
        status, headers, body = answer
        if not names or status not in (200, 503):
            return answer
        if not _is_json(headers):  # the one word for who does not know the secret
            return 503, headers, b"failed\n" if body else body
        return 503, headers, _closed(body, names) if body else body

    def _selected(self, selector: str | None) -> list[Any]:
        """Return what is missing of a selector. Nothing of it means that the process is dead."""
        asked = {name.strip() for name in (DEFAULTS if selector is None else selector).split(",")}
        if asked - {""} == {LIVE}:
            return []
        return self.refused + [n for n in self.defaults if DEFAULTS in asked or n in asked]


def _is_json(headers: list[tuple[str, str]]) -> bool:
    return ("Content-Type", "application/json") in headers


def _closed(body: bytes, names: list[Any]) -> bytes:
    report = json.loads(body)
    if "checks" not in report:
        return body
    report["checks"].update({str(name): False for name in names})
    report["health"] = "degraded"
    return json.dumps(report, separators=(",", ":")).encode() + b"\n"
