#!/usr/bin/env python3
"""Times the same spans with impact and with other libraries, all in turns, and prints them side by side.

    run.py PEERS_FOLDER IMPACT_PROGRAM OUR_PYTHON

Every library is a program of its own that waits for orders, one a line: `<work> <batches> <count>`, to
which it answers the nanoseconds of a span for each batch of `count` spans; an empty line where it has
no such span. It flushes after each batch, outside of the time. `exported` is answered with the number of
spans that its exporter was given, which must be all. A round gives each program each work once, so that
all see the same weather on a shared machine. A column whose program is not there is left out by name.
"""

import argparse
import pathlib
import re
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).parent

ROUNDS = 31
BATCHES = 6  # the first is to warm up: until now another program had the caches
SPANS = 500  # below the batch (512) of every batch processor: its worker sleeps while the clock runs

FLOOR = "clock_pair"
SAMPLED = ("start_end", "three_attributes", "spec", "ten_attributes")
WORKS = (*SAMPLED, "unsampled", "no_provider")


def locked(file, pattern):
    """What a lock file says, of the first group of a pattern."""
    return re.search(pattern, (HERE / file).read_text(encoding="utf-8"))[1]


def columns(folder, impact, our_python):
    """All of them, ours first."""
    rust = locked("opentelemetry-rust/Cargo.lock", r'name = "opentelemetry_sdk"\nversion = "(.+)"')
    fast = locked("fastrace/Cargo.lock", r'name = "fastrace"\nversion = "(.+)"')
    go = locked("opentelemetry-go/go.mod", r"otel/sdk v(\S+)")
    python = locked("opentelemetry-python/requirements.txt", r"opentelemetry-sdk==(\S+)")
    cargo = folder / "cargo" / "release"
    script = HERE / "opentelemetry-python" / "main.py"
    ours = Column("impact", "", [impact])
    our_face = Column("impact Python", "", [our_python, script, "ours"], ours)
    return [
        ours,
        Column("fastrace", fast, [cargo / "peer-fastrace", "root"], ours),
        Column("fastrace local", fast, [cargo / "peer-fastrace", "local"], ours),
        Column("fastrace off", fast, [cargo / "peer-fastrace", "off"], ours),
        Column("otel-rust", rust, [cargo / "peer-opentelemetry-rust"], ours),
        Column("otel-go", go, [folder / "opentelemetry-go"], ours),
        our_face,
        Column("otel-python", python, [folder / "python" / "bin" / "python", script], our_face),
    ]


class Column:
    """A library's program, and its times: a number for each round."""

    def __init__(self, title, version, command, ours=None):
        self.title = title
        self.version = version
        self.command = command
        self.ours = ours or self  # what it is compared with
        self.rounds = {work: [] for work in (FLOOR, *WORKS)}
        self.program = None

    def start(self):
        """False where there is no such program."""
        if not pathlib.Path(self.command[0]).exists():
            return False
        self.program = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return True

    def ask(self, order):
        """What the program answers to a line."""
        self.program.stdin.write(order + "\n")
        self.program.stdin.flush()
        line = self.program.stdout.readline()
        if not line:
            sys.exit(f"bench-peers: {self.title} ended")
        return line

    def time(self, work):
        """A round's time of a work, if there is such a span."""
        times = [float(word) for word in self.ask(f"{work} {BATCHES} {SPANS}").split()]
        if times:
            self.rounds[work].append(statistics.median(times[1:]))

    def is_true(self):
        """All spans of the sampled works were exported."""
        batches = sum(len(self.rounds[work]) for work in SAMPLED) * BATCHES
        return int(self.ask("exported")) == batches * SPANS

    def stop(self):
        """End the program."""
        self.program.stdin.close()
        self.program.wait()

    def ns(self, work):
        """The median of the rounds, or None."""
        return statistics.median(self.rounds[work]) if self.rounds[work] else None

    def ratio(self, work):
        """How many times our time this is: the median of the rounds' ratios, or None."""
        pairs = zip(self.rounds[work], self.ours.rounds[work])
        ratios = [its / our for its, our in pairs]
        return statistics.median(ratios) if ratios else None


def measure(all_columns):
    """All rounds. In a round a work goes through all the programs before the next one."""
    for _ in range(ROUNDS):
        all_columns[0].time(FLOOR)
        for work in WORKS:
            for column in all_columns:
                column.time(work)
    for column in all_columns:
        if not column.is_true():
            sys.exit(f"bench-peers: {column.title} did not export all its spans")
        column.stop()


def print_table(title, all_columns, cell):
    """A row for each work, a column for each library."""
    print(f"\n{title}")
    print(" " * 18 + "".join(f"{column.title:>15}" for column in all_columns))
    for work in WORKS:
        cells = [cell(column, work) for column in all_columns]
        print(f"{work:18}" + "".join(f"{'-' if x is None else f'{x:.2f}':>15}" for x in cells))


def print_behind(all_columns):
    """Where we are not the first."""
    ratios = [(work, column.title, column.ratio(work)) for work in WORKS for column in all_columns]
    behind = [f"{work} {title} {x:.2f}" for work, title, x in ratios if x is not None and x < 1]
    print(f"\nbehind: {', '.join(behind) or 'nowhere'}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("folder", "impact", "our_python"):
        parser.add_argument(name, type=pathlib.Path)
    arguments = parser.parse_args()
    wanted = columns(arguments.folder, arguments.impact, arguments.our_python)
    present = [column for column in wanted if column.start()]
    for column in wanted:
        if column.version and column in present:
            print(f"{column.title} {column.version}")
        if column not in present:
            print(f"{column.title}: left out, it was not built")
    measure(present)
    print(f"\nfloor: a pair of clock reads {present[0].ns(FLOOR):.1f} ns")
    print_table("ns a span", present, Column.ns)
    print_table("times impact; otel-python: times impact Python", present, Column.ratio)
    print_behind(present)


if __name__ == "__main__":
    main()
