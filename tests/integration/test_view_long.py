"""impact view with a request that takes it long: others are answered meanwhile."""

import contextlib
import gzip
import http.client
import threading

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service

import test_view
from test_view import PROTOBUF, get, post, request_of, viewing

pytestmark = test_view.pytestmark

SPANS, TIMES = 10_000, 60
METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


def long_request():
    """Requests one after the other are one request; a span that comes again is work, too."""
    return request_of(5, traces=SPANS // 5).SerializeToString() * TIMES


def post_plain(program):
    assert post(program.address, long_request(), Content_Type=PROTOBUF)[0] == 200


def post_packed(program):
    body = gzip.compress(long_request(), 1)
    assert post(program.address, body, Content_Type=PROTOBUF, Content_Encoding="gzip")[0] == 200


def call(program):
    options = [("grpc.max_send_message_length", 64 << 20)]
    with grpc.insecure_channel(program.grpc.removeprefix("http://"), options) as channel:
        export = channel.unary_unary(
            METHOD, response_deserializer=service.ExportTraceServiceResponse.FromString
        )
        assert export(long_request()) == service.ExportTraceServiceResponse()


def received(program):
    """How many spans have come."""
    return get(program.address, "/api/traces?since=999999999")["received"]


@pytest.mark.parametrize("export", [post_plain, post_packed, call])
def test_a_request_that_takes_long_holds_up_no_other(export):
    with viewing() as program:
        sender = threading.Thread(target=export, args=[program])
        sender.start()
        heard = set()
        while sender.is_alive():
            heard.add(received(program))
        sender.join()
        assert len(heard - {0, SPANS * TIMES}) > 2, heard
        assert received(program) == SPANS * TIMES


def give_up(export, program):
    """Send what is not answered any more."""
    with contextlib.suppress(http.client.HTTPException, OSError, grpc.RpcError):
        export(program)


@pytest.mark.parametrize("export", [post_plain, call])
def test_it_ends_in_the_middle_of_a_request(export):
    with viewing() as program:
        sender = threading.Thread(target=give_up, args=[export, program])
        sender.start()
        while not received(program):
            assert sender.is_alive()
        assert program.stop() == 0
        sender.join()
