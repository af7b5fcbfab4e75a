#!/usr/bin/env python3
"""docs/compliance.md has each row of compliance.txt and no other, in its section and its order; a
row says "yes" with tests that exist, or "no: ..." or "not applicable: ..." with the reason."""
import re

import promises
import sources

PAGE = "docs/compliance.md"
LIST = "tests/boundary/compliance.txt"
ANSWER = re.compile(r"yes\b|(no|not applicable): \S")


def wanted(text):
    """(section, feature), a row each."""
    section = None
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            yield section, line


def written(text):
    """((section, feature), cells), a row each."""
    section = None
    for part in re.split(r"^## ", text, flags=re.M):
        section = part.splitlines()[0] if part else None
        for cells in promises.rows(part):
            yield (section, cells[0]), cells


def problems_of(root, cells):
    _, ours, tests = cells
    if not ANSWER.match(ours):
        yield f'{PAGE}: neither "yes" nor a reason: {cells[0]}'
    if ours.startswith("yes") or tests:
        yield from promises.problems_of(root, PAGE, cells)


def main():
    root = sources.options(__doc__).parse_args().root
    rows = list(written((root / PAGE).read_text(encoding="utf-8")))
    names = [name for name, _ in rows]
    matrix = list(wanted((root / LIST).read_text(encoding="utf-8")))
    problems = [f"{PAGE}: missing: {' / '.join(name)}" for name in matrix if name not in names]
    strangers = [name for name in names if name not in matrix]
    problems += [f"{PAGE}: not in the matrix: {' / '.join(name)}" for name in strangers]
    if not problems and names != matrix:
        problems.append(f"{PAGE}: not in the order of {LIST}, or a row stands twice")
    for _, cells in rows:
        problems += problems_of(root, cells)
    sources.finish(problems, f"{len(rows)} rows of the matrix are answered, with their tests")


if __name__ == "__main__":
    main()
