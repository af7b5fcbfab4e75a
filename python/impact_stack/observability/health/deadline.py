"""One deadline for the whole of an HTTP request: requests' own timeout is that of each read, so a
server that drips need never end."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Any

import requests
from requests.adapters import HTTPAdapter


class Deadline:
    """A block of so many seconds; at its end the connections that were made in it are cut."""

    def __init__(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self.is_over = False  # what came after may be cut short

    def __enter__(self) -> Deadline:
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        with self._lock:
            for connection in self._sockets:
                connection.close()
            self._sockets.clear()

    def watch(self, connection: socket.socket) -> None:
        """Cut this connection too. What TLS makes of it has the same descriptor: a copy is kept."""
        with self._lock:
            self._sockets.append(connection.dup())
        if self.is_over:
            self._cut()

    def _cut(self) -> None:
        with self._lock:
            self.is_over = True
            for connection in self._sockets:
                with contextlib.suppress(OSError):  # it has ended already
                    connection.shutdown(socket.SHUT_RDWR)


def session_within(deadline: Deadline) -> requests.Session:
    """Return a session whose connections a deadline cuts, and which reads no body unasked."""
    session = requests.Session()
    adapter = _Adapter(deadline)
    for scheme in ("http://", "https://"):
        session.mount(scheme, adapter)
    session.hooks["response"].append(_leave_body)
    return session


def _leave_body(response: requests.Response, **kwargs: Any) -> None:
    """Requests reads the body of a redirect to its end, whatever it has of one."""
    del kwargs
    if response.is_redirect:
        response._content = b""
        response._content_consumed = True
        response.raw.close()


class _Adapter(HTTPAdapter):
    """The connections that a deadline knows of: direct ones, and those of proxies."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self._watch(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        self._watch(manager)
        return manager

    def _watch(self, manager: Any) -> None:
        manager.pool_classes_by_scheme = {
            scheme: _watched(pool, self._deadline)
            for scheme, pool in manager.pool_classes_by_scheme.items()
        }


def _watched(pool: Any, deadline: Deadline) -> Any:
    """Return a class of pools that tells a deadline of each connection, as soon as there is one."""

    class Connection(pool.ConnectionCls):  # type: ignore[misc]
        def _new_conn(self) -> Any:
            made = super()._new_conn()
            deadline.watch(made)
            return made

    class Pool(pool):  # type: ignore[misc]
        ConnectionCls = Connection

    return Pool
