#!/usr/bin/env python3
"""Refuses functions that this project does not call, each with its reason."""
import re

import sources

# (functions, why not, folders they are refused in, files they are allowed in)
RULES = (
    (
        "strcpy stpcpy strcat sprintf vsprintf gets strtok",
        "it does not know how much room there is; use base/buffer.h or snprintf",
        ("src", "python", "cli", "examples", "tests", "fuzz", "bench"),
        (),
    ),
    (
        "strncpy stpncpy strncat",
        "what it does at the end of the room is not what one thinks; use base/buffer.h or snprintf",
        ("src", "python", "cli", "examples"),
        (),
    ),
    (
        "atoi atol atoll atof strtol strtoul strtoll strtoull",
        "it hides errors or depends on the locale; use impact__text_parse_uint",
        ("src", "python", "cli", "examples"),
        (),
    ),
    (
        "alloca",
        "a stack has no way to say no",
        ("src", "python", "cli", "examples", "tests", "fuzz", "bench"),
        (),
    ),
    (
        "malloc calloc realloc reallocarray free strdup strndup asprintf vasprintf aligned_alloc",
        "memory comes through base/alloc.h, or impact_allocator_default()",
        ("src",),
        ("src/process/allocator.c",),
    ),
    (
        "printf vprintf puts putchar perror exit _exit abort",
        "a library does not print and does not end the process",
        ("src",),
        (),
    ),
    (
        "signal sigaction setlocale setenv putenv unsetenv chdir umask",
        "a library leaves its host's signals, locale and environment alone",
        ("src",),
        (),
    ),
    (
        (
            "pthread_cond_wait pthread_cond_timedwait pthread_cond_clockwait pthread_join"
            " sem_wait sem_timedwait"
        ),
        "whoever is cancelled in it leaves its lock behind; wait with base/thread.h",
        ("src",),
        ("src/base/thread.c",),
    ),
    (
        "pthread_atfork",
        "there is one fork set, with one order of locks: process/fork.h, or <impact/process.h>",
        ("src", "python", "cli", "examples"),
        ("src/process/fork.c",),
    ),
    (
        "sleep usleep nanosleep clock_nanosleep",
        "nothing sleeps: wait on a condition with a deadline",
        ("src", "python", "cli", "tests", "fuzz"),
        (),
    ),
)


def pattern_of(functions):
    """A call; not a member of that name, nor a longer name."""
    return re.compile(r"(?<![\w.>])(" + "|".join(functions.split()) + r")\s*\(")


def problems_of(path, text):
    lines = sources.without_comments(text).splitlines()
    for functions, reason, folders, exempt in RULES:
        if path.parts[0] not in folders or str(path) in exempt:
            continue
        pattern = pattern_of(functions)
        for number, line in enumerate(lines, 1):
            if match := pattern.search(line):
                yield f"{path}:{number}: {match[1]}: {reason}"


def main():
    root = sources.options(__doc__).parse_args().root
    problems = []
    for path in sources.files(root):
        problems += problems_of(path, (root / path).read_text(encoding="utf-8"))
    sources.finish(problems, "no refused function is called")


if __name__ == "__main__":
    main()
