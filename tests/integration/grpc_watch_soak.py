"""Clients that watch and are not there any more: what takes its time."""

import contextlib

from grpc_asked import (
    NO_WINDOW,
    SERVING,
    asked,
    needs_http2,
    raw_watch,
    read_frame,
    read_messages,
)

pytestmark = needs_http2


def read_to_the_end(client):
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            read_frame(client)


def test_who_does_not_take_what_he_watches_is_let_go():
    with asked() as service:
        with raw_watch(service.port, NO_WINDOW) as client:
            read_to_the_end(client)
        service.program.read_until("let go of")
        assert service.check() == SERVING


def test_who_does_not_answer_a_ping_is_let_go():
    with asked() as service:
        with raw_watch(service.port) as client:
            assert read_messages(client, 1) == [SERVING]
            read_to_the_end(client)  # it answers nothing
        service.program.read_until("let go of")
        assert service.check() == SERVING
