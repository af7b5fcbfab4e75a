#!/usr/bin/env python3
"""Each library exports what its public headers declare, its plugin descriptor, and nothing else."""
import pathlib
import subprocess

import public
import sources

# These are found by name; the others are linked, and may have a descriptor as well.
MUST_HAVE_DESCRIPTOR = ("http2", "otlp")

# Functions of the instrumented library that are stood in for, under its own names.
STOOD_IN_FOR = {
    "sqlite": {
        "sqlite3_exec",
        "sqlite3_finalize",
        "sqlite3_prepare",
        "sqlite3_prepare_v2",
        "sqlite3_prepare_v3",
        "sqlite3_reset",
        "sqlite3_step",
        "sqlite3_trace_v2",
    },
}


def exported(library):
    command = ["nm", "--dynamic", "--defined-only", "--format=posix", str(library)]
    lines = subprocess.run(command, text=True, capture_output=True, check=True).stdout.splitlines()
    return {line.split()[0].partition("@")[0] for line in lines}


def name_of(library):
    """libimpact.so.0.1.0 is "impact", libimpact-curl.so.0.1.0 is "curl"."""
    return library.name.partition(".so")[0].removeprefix("lib").removeprefix("impact-")


def problems_of(root, library):
    name = name_of(library)
    is_ = exported(library)
    should = public.declared(root, name) | STOOD_IN_FOR.get(name, set())
    descriptor = f"impact_plugin_{name}"
    if name in MUST_HAVE_DESCRIPTOR or (descriptor in is_ and name != "impact"):
        should = should | {descriptor}
    missing = [f"{library.name}: {symbol} is declared and not exported" for symbol in should - is_]
    extra = [f"{library.name}: {symbol} is exported and not declared" for symbol in is_ - should]
    return sorted(missing + extra)


def main():
    parser = sources.options(__doc__)
    parser.add_argument("libraries", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    problems = []
    for library in arguments.libraries:
        problems += problems_of(arguments.root, library)
    sources.finish(problems, f"{len(arguments.libraries)} libraries export what is declared")


if __name__ == "__main__":
    main()
