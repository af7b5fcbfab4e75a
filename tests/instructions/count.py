#!/usr/bin/env python3
"""Counts the instructions that a span takes, with callgrind, and holds five works to a ceiling.

    count.py PROGRAM [--skip REASON] [--renew]

PROGRAM is counted.c, compiled. The ceilings are in ceilings.txt beside this file; with --renew it
is written anew. Unlike time, the number is the same on a busy machine: a work that takes more was
changed. Only the thread that makes the spans is counted, and what the system does for it is not.
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

FOLDER = pathlib.Path(__file__).parent
CEILINGS = FOLDER / "ceilings.txt"
SKIPPED = 77  # Meson's exit status for it

# Another release of the compiler or of the C library makes a few more or less.
ALLOWANCE = 1.05

HEAD = """\
# The instructions that a span may take at most: what `make ceilings` counted, and {percent} % more
# for other releases of gcc and glibc. It writes this file anew; look at the difference before you
# commit it.
"""


def works():
    """The works by name, and the number of spans of each."""
    text = (FOLDER / "counted.c").read_text(encoding="utf-8")
    names = re.findall(r"^COUNTED\((\w+)\)", text, re.MULTILINE)
    return names, int(re.search(r"counted_spans = (\d+)", text)[1])


def why_not():
    """Why nothing can be counted here, or None."""
    if not shutil.which("valgrind"):
        return "valgrind is not installed"
    probe = ["valgrind", "-q", "--tool=callgrind", "--callgrind-out-file=/dev/null", "true"]
    done = subprocess.run(probe, capture_output=True, text=True, check=False)
    if done.returncode:
        return f"valgrind cannot run here: {done.stderr.strip().splitlines()[-1:]}"
    return None


def callgrind(program, names, folder):
    """Run it; every run of a counted function leaves a file."""
    command = ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={folder}/out"]
    command += ["--toggle-collect=counted_*"]
    for name in names:
        command += [f"--zero-before=counted_{name}", f"--dump-after=counted_{name}"]
    subprocess.run([*command, program], check=True)


def count(program):
    """{work: instructions of a span}; of a work's two runs the second counts."""
    names, spans = works()
    counts = {}
    with tempfile.TemporaryDirectory() as folder:
        callgrind(program, names, folder)
        files = pathlib.Path(folder).glob("out.*")
        for file in sorted(files, key=lambda path: int(path.suffix[1:])):
            text = file.read_text(encoding="utf-8")
            trigger = re.search(r"^desc: Trigger: --dump-after=counted_(\w+)", text, re.MULTILINE)
            total = re.search(r"^totals: (\d+)", text, re.MULTILINE)
            counts[trigger[1]] = int(total[1]) / spans
    if sorted(counts) != sorted(names) or not all(counts.values()):
        sys.exit(f"count: not every work was counted: {counts}")
    return counts


def read_ceilings():
    lines = CEILINGS.read_text(encoding="utf-8").splitlines()
    return {name: int(limit) for name, limit in (x.split() for x in lines if x[:1] != "#")}


def renew(counts):
    lines = [f"{name} {round(value * ALLOWANCE)}\n" for name, value in counts.items()]
    head = HEAD.format(percent=round(ALLOWANCE * 100 - 100))
    CEILINGS.write_text(head + "".join(lines), encoding="utf-8")
    print("".join(lines), end="")


def check(counts):
    """Print each, and return the number of those that are above their ceiling."""
    ceilings = read_ceilings()
    if ceilings.keys() != counts.keys():
        sys.exit(f"count: {CEILINGS.name} is about other works; run make ceilings")
    for name, value in counts.items():
        verdict = "ok" if value <= ceilings[name] else "TOO MANY"
        print(f"{name}: {value:.1f} instructions, {ceilings[name]} at most: {verdict}")
    return sum(value > ceilings[name] for name, value in counts.items())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--skip", help="why the ceilings do not hold for this build")
    parser.add_argument("--renew", action="store_true")
    arguments = parser.parse_args()
    reason = arguments.skip or why_not()
    if reason:
        print(f"skipped: {reason}")
        return SKIPPED
    counts = count(arguments.program)
    if arguments.renew:
        renew(counts)
        return 0
    return 1 if check(counts) else 0


if __name__ == "__main__":
    sys.exit(main())
