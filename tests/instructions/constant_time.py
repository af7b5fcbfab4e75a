#!/usr/bin/env python3
"""A wrong secret costs the same instructions wherever it is wrong, of both that are right: counted
with callgrind, the number is the same on a busy machine.

    constant_time.py PROGRAM [--skip REASON]

PROGRAM is secret.c, compiled.
"""

import argparse
import collections
import pathlib
import re
import subprocess
import sys
import tempfile

import count


def numbers_of(program, folder):
    """The instructions of each wrong secret, in their order."""
    command = ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={folder}/out"]
    command += ["--toggle-collect=counted_admission", "--dump-after=counted_admission"]
    command += ["--zero-before=counted_admission"]
    subprocess.run([*command, program], check=True)
    files = sorted(pathlib.Path(folder).glob("out.*"), key=lambda path: int(path.suffix[1:]))
    texts = [path.read_text(encoding="utf-8") for path in files]
    return [
        int(re.search(r"^totals: (\d+)", text, re.MULTILINE)[1])
        for text in texts
        if "Trigger: --dump-after=counted_admission" in text
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--skip", help="why nothing can be counted in this build")
    arguments = parser.parse_args()
    reason = arguments.skip or count.why_not()
    if reason:
        print(f"skipped: {reason}")
        return count.SKIPPED
    with tempfile.TemporaryDirectory() as folder:
        numbers = numbers_of(arguments.program, folder)[1:]  # in the first one, names are resolved
    kinds = collections.Counter(numbers)
    print(f"{len(numbers)} wrong secrets, instructions and how many took them: {dict(kinds)}")
    return 0 if len(numbers) == 64 and len(kinds) == 1 and numbers[0] > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
