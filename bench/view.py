"""How many spans a second impact view takes: one client, requests of 5,000 spans in protobuf.

view_ingest_spans_per_s: the median of the rounds. Every span is new, and the store is full, so that
each round makes room as well.
"""

import http.client
import os
import pathlib
import re
import statistics
import subprocess
import time

from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service

ROUNDS = 9
REQUESTS = 8
SPANS = 5000
KEPT = 50000
BUILD = pathlib.Path(os.environ.get("IMPACT_BUILD", "build"))


def request_of(number):
    """A request of traces of ten spans with three attributes each."""
    request = service.ExportTraceServiceRequest()
    resource_spans = request.resource_spans.add()
    resource_spans.resource.attributes.add(key="service.name").value.string_value = "bench"
    spans = resource_spans.scope_spans.add().spans
    for index in range(SPANS):
        span = spans.add(
            trace_id=(1 + number * SPANS + index // 10).to_bytes(16, "big"),
            span_id=(1 + number * SPANS + index).to_bytes(8, "big"),
            name="GET /orders/{id}",
            kind=2,
            start_time_unix_nano=10**18 + index,
            end_time_unix_nano=10**18 + index + 10**6,
        )
        span.attributes.add(key="http.request.method").value.string_value = "GET"
        span.attributes.add(key="http.route").value.string_value = "/orders/{id}"
        span.attributes.add(key="http.response.status_code").value.int_value = 200
    return request.SerializeToString()


def post(connection, body):
    headers = {"Content-Type": "application/x-protobuf"}
    connection.request("POST", "/v1/traces", body, headers)
    answer = connection.getresponse()
    if answer.status != 200 or answer.read():
        raise SystemExit(f"view: {answer.status}")


def measure(connection, first):
    """Spans a second of one round."""
    bodies = [request_of(first + number) for number in range(REQUESTS)]
    began = time.perf_counter()
    for body in bodies:
        post(connection, body)
    return REQUESTS * SPANS / (time.perf_counter() - began)


def main():
    command = [BUILD / "cli/view/impact-view", "--listen", "127.0.0.1:0", "--grpc", "127.0.0.1:0"]
    with subprocess.Popen(
        [*command, "--spans", str(KEPT)], stdout=subprocess.PIPE, text=True
    ) as program:
        port = int(re.search(r"localhost:(\d+)/", program.stdout.readline())[1])
        connection = http.client.HTTPConnection("127.0.0.1", port)
        rounds = [measure(connection, number * REQUESTS) for number in range(ROUNDS + 2)]
        program.terminate()
    print(f"figure view_ingest_spans_per_s {statistics.median(rounds[2:]):.0f} spans/s")


if __name__ == "__main__":
    main()
