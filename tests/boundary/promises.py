#!/usr/bin/env python3
"""The tests that pages of docs/ name exist. In a table whose last column is "test", each row has at
least one: a file, by its path or by its name below tests/, and a function in it."""
import re

import sources

PAGES = ("docs/export.md", "docs/health.md")
NAMED = re.compile(r"`([\w./]+)` (\w+)")
WITHOUT = {"it is killed"}  # what is not promised has no test


def rows(text):
    """The rows of the tables with a column of tests, as cells."""
    is_inside = False
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            is_inside = False
        elif cells[-1] == "test":
            is_inside = True
        elif is_inside and set(cells[-1]) != {"-"}:
            yield cells


def path_of(root, file):
    """The one file that is meant, or None."""
    if (root / file).is_file():
        return root / file
    found = list((root / "tests").rglob(file))
    health = [path for path in found if path.parent.name == "health"]
    return (health or found or [None])[0]


def problems_of(root, page, cells):
    named = NAMED.findall(cells[-1])
    if not named and cells[0] not in WITHOUT:
        yield f"{page}: no test shows: {cells[0]}"
    for file, name in named:
        path = path_of(root, file)
        text = path.read_text(encoding="utf-8") if path else ""
        if not re.search(rf"TEST\({name}\)|def {name}\(|test\('{name}'", text):
            yield f"{page}: there is no test {name} in {file}: {cells[0]}"


def main():
    root = sources.options(__doc__).parse_args().root
    problems = []
    count = 0
    for page in PAGES:
        for cells in rows((root / page).read_text(encoding="utf-8")):
            problems += problems_of(root, page, cells)
            count += 1
    sources.finish(problems, f"{count} rows of docs/ have the tests that they name")


if __name__ == "__main__":
    main()
