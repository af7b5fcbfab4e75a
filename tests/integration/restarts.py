"""A collector that goes and comes back while spans end, and what has arrived in the end."""

import concurrent.futures
import contextlib
import os
import socket
import threading

import backend
import outage_client
import outages


class Mortal(backend.Sink):
    """Its connections end with it."""

    def __init__(self, port):
        super().__init__([(200, {}, b"")], port=port)
        self.connections = []
        self.begin()

    def process_request(self, request, client_address):
        self.connections.append(request)
        super().process_request(request, client_address)

    def die(self):
        self.end()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class MortalGrpc:
    """The same of gRPC."""

    def __init__(self, port):
        self.life = contextlib.ExitStack()
        server = self.life.enter_context(backend.grpc_sink(address=f"127.0.0.1:{port}"))
        self.requests, self.server_port = server.requests, server.server_port

    def die(self):
        self.life.close()


def ids_at(collectors):
    return [
        f"{span.trace_id.hex()} {span.span_id.hex()}"
        for collector in collectors
        for request in collector.requests
        for span in backend.spans_of(request)
    ]


def live_and_die(collectors, lives):
    """The collector is up for the first of the seconds, away for the second, and so on, and up in
    the end."""
    for i, seconds in enumerate(lives):
        threading.Event().wait(seconds)
        if i % 2 == 0:
            collectors[-1].die()
        else:
            collectors.append(type(collectors[0])(collectors[0].server_port))


def check_all_arrive(lives, seconds, protocol, rate=1000):
    """A client ends spans for so long, with room for all; each arrives, though some may do so
    twice: the collector had gone before it could say that it has them. The client shuts down when
    the collector is back."""
    collectors = [MortalGrpc(0) if protocol == "grpc" else Mortal(0)]
    environment = outages.at(collectors[0].server_port) | {
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_BSP_MAX_QUEUE_SIZE": str(seconds * rate),
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }
    words = ("stream", seconds * rate // 5, rate, 60000)
    until, is_back = os.pipe()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        client = pool.submit(outage_client.run, environment, *words, stdin=until)
        live_and_die(collectors, lives)
        os.close(is_back)
        told, output = client.result()
    os.close(until)
    collectors[-1].die()
    sent, received = output.splitlines(), ids_at(collectors)
    (report,) = told.calls
    assert len(sent) == seconds * rate == report["exported"], (report, told.diagnostics)
    assert set(received) == set(sent)
