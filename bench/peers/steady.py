#!/usr/bin/env python3
"""What a service pays that ends 10,000 spans of three attributes a second: impact and
opentelemetry-rust, each with its OTLP exporter (HTTP, protobuf) to one and the same server.

    steady.py OUR_PROGRAM RUST_PROGRAM

Both wait for orders, one a line: `<ticks> <spans a tick>`. Each millisecond they end so many spans,
and answer how many percent of a core the whole process took. A round gives each an empty loop and a
loaded one; what counts is the difference, and of it the median.
"""

import pathlib
import statistics
import subprocess
import sys

ROUNDS, TICKS, SPANS = 9, 1000, 10


class Program:
    """One that takes orders."""

    def __init__(self, *command):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.above = []

    def line(self):
        """The next that it says."""
        line = self.process.stdout.readline().strip()
        if not line:
            sys.exit(f"bench-peers: {self.process.args[0]} ended")
        return line

    def percent(self, spans):
        """Of a core, with so many spans a tick."""
        self.process.stdin.write(f"{TICKS} {spans}\n")
        self.process.stdin.flush()
        return float(self.line())

    def run_a_round(self):
        """What the spans cost above the loop."""
        empty = self.percent(0)
        self.above.append(self.percent(SPANS) - empty)

    def stop(self):
        """End it."""
        self.process.stdin.close()
        self.process.wait()


def main():
    ours_command, rust_command = sys.argv[1:]
    if not pathlib.Path(rust_command).exists():
        print("otel-rust with OTLP: left out, it was not built")
        return
    ours = Program(ours_command, "--orders")
    rust = Program(rust_command, ours.line())
    for program in (ours, rust):
        program.percent(SPANS)  # to connect, and to warm up
    for _ in range(ROUNDS):
        for program in (ours, rust):
            program.run_a_round()
    ratio = statistics.median(its / our for its, our in zip(rust.above, ours.above))
    print("\n10,000 spans a second to a server, percent of a core above the empty loop")
    print(f"impact     {statistics.median(ours.above):.2f}")
    print(f"otel-rust  {statistics.median(rust.above):.2f}, {ratio:.2f} times impact")
    for program in (rust, ours):  # the server is ours
        program.stop()


if __name__ == "__main__":
    main()
