#!/usr/bin/env python3
"""Times the same spans with impact and with other libraries in turns; prints them side by side.

    run.py PEERS_FOLDER IMPACT_PROGRAM OUR_PYTHON

Every library is a program of its own that waits for orders, one a line: `<work> <batches> <count>`,
to which it answers the nanoseconds of a span for each batch of `count` spans; an empty line where
it has no such span. It flushes after each batch, outside of the time. `exported` is answered with
the number of spans that its exporter was given, which must be all. A round gives each program each
work once, so that all see the same weather on a shared machine. A column whose program is not there
is left out by name.
"""

import argparse
import pathlib
import re
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).parent

BATCHES = 6  # the first is to warm up: until now another program had the caches
SPANS = 500  # below the batch (512) of every batch processor: its worker sleeps while we time
GO_SPANS, PYTHON_SPANS = 200, 50  # of who takes long: a long batch is interrupted when all is busy

FLOOR = "clock_pair"  # two reads of the clock, without which no span has its times
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
    fastrace = cargo / "peer-fastrace"
    ours = Column("impact", "", [impact])
    our_face = Column("impact Python", "", [our_python, script, "ours"], ours, PYTHON_SPANS)
    its_python = folder / "python" / "bin" / "python"
    return [
        ours,
        Column("fastrace", fast, [fastrace, "root"], ours, off=[fastrace, "off"]),
        Column("its local", fast, [fastrace, "local"], ours),
        Column("otel-rust", rust, [cargo / "peer-opentelemetry-rust"], ours),
        Column("otel-go", go, [folder / "opentelemetry-go"], ours, GO_SPANS),
        our_face,
        Column("otel-python", python, [its_python, script], our_face, PYTHON_SPANS),
    ]


class Program:
    """A program that takes orders."""

    def __init__(self, command):
        self.name = pathlib.Path(command[0]).name
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, order):
        """What it answers to a line."""
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"bench-peers: {self.name} ended")
        return line

    def stop(self):
        """End it."""
        self.process.stdin.close()
        self.process.wait()


class Column:
    """A library's programs, and its times: a number for each round. One that cannot set its
    provider aside has a program without one, `off`."""

    def __init__(self, title, version, command, ours=None, spans=SPANS, off=None):
        self.title = title
        self.version = version
        self.commands = [command, off or command]
        self.programs = []
        self.spans = spans  # of a batch
        self.ours = ours or self  # what it is compared with
        self.rounds = {work: [] for work in (FLOOR, *WORKS)}

    def start(self):
        """False where there is no such program."""
        if not pathlib.Path(self.commands[0][0]).exists():
            return False
        self.programs = [Program(command) for command in self.commands]
        return True

    def time(self, work):
        """A round's time of a work, if there is such a span."""
        program = self.programs[work == "no_provider"]
        times = [float(word) for word in program.ask(f"{work} {BATCHES} {self.spans}").split()]
        if times:
            self.rounds[work].append(statistics.median(times[1:]))

    def is_true(self):
        """All spans of the sampled works were exported."""
        batches = sum(len(self.rounds[work]) for work in SAMPLED) * BATCHES
        return int(self.programs[0].ask("exported")) == batches * self.spans

    def stop(self):
        """End its programs."""
        for program in self.programs:
            program.stop()

    def ns(self, work):
        """The median of the rounds, or None."""
        return statistics.median(self.rounds[work]) if self.rounds[work] else None

    def ratio(self, work):
        """How many times our time this is: the median of the rounds' ratios, or None."""
        pairs = zip(self.rounds[work], self.ours.rounds[work])
        ratios = [its / our for its, our in pairs]
        return statistics.median(ratios) if ratios else None


def floor_of(ours):
    """The clock pair as if it were a library: what is below it cannot be reached."""
    floor = Column("clock pair", "", [], ours)
    for work in SAMPLED:
        floor.rounds[work] = ours.rounds[FLOOR]
    return floor


def measure(all_columns, rounds):
    """All rounds. In a round a work goes through all the programs before the next one."""
    for _ in range(rounds):
        all_columns[0].time(FLOOR)
        for work in WORKS:
            for column in all_columns:
                column.time(work)
    for column in all_columns:
        if not column.is_true():
            sys.exit(f"bench-peers: {column.title} did not export all its spans")
        column.stop()


def print_row(name, all_columns, cells):
    """As wide as the titles are, or nine."""
    widths = [max(len(column.title), 9) + 2 for column in all_columns]
    print(f"{name:16}" + "".join(f"{cell:>{width}}" for cell, width in zip(cells, widths)))


def print_table(title, all_columns, value_of):
    """A row for each work, a column for each library."""
    print(f"\n{title}")
    print_row("", all_columns, [column.title for column in all_columns])
    for work in WORKS:
        values = [value_of(column, work) for column in all_columns]
        print_row(work, all_columns, ["-" if x is None else f"{x:.2f}" for x in values])


def print_behind(all_columns):
    """Where we are not the first."""
    ratios = [(work, column.title, column.ratio(work)) for work in WORKS for column in all_columns]
    behind = [f"{work} {title} {x:.2f}" for work, title, x in ratios if x is not None and x < 1]
    print(f"\nbehind: {', '.join(behind) or 'nowhere'}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("folder", "impact", "our_python"):
        parser.add_argument(name, type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=31)
    arguments = parser.parse_args()
    wanted = columns(arguments.folder, arguments.impact, arguments.our_python)
    present = [column for column in wanted if column.start()]
    for column in wanted:
        if column.version and column in present:
            print(f"{column.title} {column.version}")
        if column not in present:
            print(f"{column.title}: left out, it was not built")
    measure(present, arguments.rounds)
    shown = [floor_of(present[0]), *present]
    print_table("ns a span", shown, Column.ns)
    print_table("times impact; otel-python: times impact Python", shown, Column.ratio)
    print_behind(present)


if __name__ == "__main__":
    main()
