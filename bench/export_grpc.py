"""What exporting over gRPC costs: bench-export with a server of gRPC, which takes every request."""

import concurrent.futures
import os
import pathlib
import subprocess

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

PROGRAM = pathlib.Path(os.environ.get("IMPACT_BUILD", "build")) / "bench/bench-export"


class Servicer(trace_service_pb2_grpc.TraceServiceServicer):
    """Takes all."""

    def Export(self, request, context):
        """Answer at once."""
        return trace_service_pb2.ExportTraceServiceResponse()


def main():
    """Serve until the program has ended."""
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(Servicer(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    if PROGRAM.exists():
        subprocess.run([PROGRAM, f"http://127.0.0.1:{port}"], check=True)
    server.stop(None).wait()


if __name__ == "__main__":
    main()
