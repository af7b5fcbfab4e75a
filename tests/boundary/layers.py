#!/usr/bin/env python3
"""Holds every #include to src/LAYERS and to the order of groups, and #if to base/; the table itself
to arrows that point downward, and the picture in ARCHITECTURE.md to the table."""
import itertools
import pathlib
import re

import sources

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
CONDITIONAL = re.compile(r"^\s*#\s*(if|ifdef|ifndef|elif|else)\b")
WITH_OWN_HEADERS = ("src", "tests")  # the others' files are named after what they use
FREE_OF_CONDITIONALS = ("src", "python", "cli", "examples")
NAMED = re.compile(r"`((?:src|include)/[\w./]+)`")
PAGE_WORDS = 700
PICTURE = re.compile(r"^\w+(?: <- \w+)+$", re.MULTILINE)
SYSTEM, PUBLIC, INTERNAL = range(3)
GROUP_NAMES = ("<system>", "<impact/...>", '"layer/..."')


def read_layers(root):
    """{path prefix: folders that may be named}"""
    lines = (root / "src/LAYERS").read_text(encoding="utf-8").splitlines()
    rows = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    return {row[0]: row[1:] for row in rows}


def allowed_folders(layers, path):
    """The row of the longest match; None when there is none."""
    candidates = [path, *path.parents]
    return next((layers[str(one)] for one in candidates if str(one) in layers), None)


def includes(text):
    """(line number, is quoted, name) of every #include."""
    lines = sources.without_comments(text, keep_literals=True).splitlines()
    for number, line in enumerate(lines, 1):
        if match := INCLUDE.match(line):
            yield number, match[1] == '"', match[2]


def may_name(allowed, path, name):
    """`name` is relative to src/, or stands in the file's own folder."""
    if "all" in allowed:
        return True
    own = str(path.parent) if "." in allowed else None
    if own and "/" not in name:
        return True
    folders = [own if folder == "." else f"src/{folder}" for folder in allowed]
    return any(f"src/{name}".startswith(f"{folder}/") for folder in folders)


def arrow_problems(layers, path, text):
    allowed = allowed_folders(layers, path)
    if allowed is None:
        return [f"{path}:1: no row of src/LAYERS is for this file"]
    return [
        f'{path}:{number}: may not include "{name}" (src/LAYERS: {" ".join(allowed) or "none"})'
        for number, is_quoted, name in includes(text)
        if is_quoted and not may_name(allowed, path, name)
    ]


def public_problems(path, text):
    return [
        f'{path}:{number}: a public header includes "{name}"'
        for number, is_quoted, name in includes(text)
        if is_quoted
    ]


def rooms_of(layers):
    """The rooms of src in their order, each with the rooms that it may use."""
    return {
        path.removeprefix("src/"): [folder for folder in allowed if folder != "."]
        for path, allowed in layers.items()
        if path.startswith("src/")
    }


def table_problems(layers):
    """A room uses those above it, itself, and its own parts."""
    known = []
    for room, used in rooms_of(layers).items():
        known.append(room)
        for other in used:
            if other.split("/")[0] not in known:
                yield f"src/LAYERS: {room} uses {other}, which does not stand above it"


def picture_problems(root, layers):
    """Lines `a <- b <- c` of the picture: b uses a, c uses both. Every room is in it."""
    rooms = rooms_of(layers)
    text = (root / "ARCHITECTURE.md").read_text(encoding="utf-8")
    chains = [[room.strip() for room in line.split("<-")] for line in PICTURE.findall(text)]
    for chain in chains:
        for above, below in itertools.pairwise(chain):
            if above not in rooms.get(below, []):
                yield f"ARCHITECTURE.md: {above} <- {below} is not in src/LAYERS"
    drawn = {room for chain in chains for room in chain}
    for room in rooms:
        if (root / "src" / room).is_dir() and room not in drawn:
            yield f"ARCHITECTURE.md: {room} is not in the picture"


def page_problems(root):
    """It is one page, and what it names is there."""
    text = (root / "ARCHITECTURE.md").read_text(encoding="utf-8")
    if len(text.split()) > PAGE_WORDS:
        yield f"ARCHITECTURE.md: more than {PAGE_WORDS} words: the rest belongs into docs/"
    for name in NAMED.findall(text):
        if not (root / name).exists():
            yield f"ARCHITECTURE.md: {name} is not there"


def group_of(is_quoted, name):
    if is_quoted:
        return INTERNAL
    return PUBLIC if name.startswith("impact/") else SYSTEM


def is_own_header(path, name):
    header = pathlib.PurePosixPath(name)
    if path.parts[0] not in WITH_OWN_HEADERS:
        return False
    return path.suffix == ".c" and header.stem == path.stem and header.suffix == ".h"


def order_problems(path, text):
    """The own header first, or one of ours that says what the file is; then the groups."""
    found = list(includes(text))
    own = [number for number, _, name in found if is_own_header(path, name)]
    if own and own[0] != found[0][0]:
        return [f"{path}:{own[0]}: its own header comes first"]
    has_own = path.suffix == ".c" and found and group_of(*found[0][1:]) != SYSTEM
    rest = found[1:] if has_own else found
    groups = [group_of(is_quoted, name) for _, is_quoted, name in rest]
    return [
        f"{path}:{rest[i][0]}: {GROUP_NAMES[groups[i]]} stands after {GROUP_NAMES[groups[i - 1]]}"
        for i in range(1, len(groups))
        if groups[i] < groups[i - 1]
    ]


def conditional_problems(path, text):
    if path.parts[0] not in FREE_OF_CONDITIONALS or path.parts[:2] == ("src", "base"):
        return []
    lines = sources.without_comments(text).splitlines()
    found = [number for number, line in enumerate(lines, 1) if CONDITIONAL.match(line)]
    guards = found[:1] if path.suffix == ".h" else []
    return [
        f"{path}:{number}: #if outside src/base: use two files and let the build choose"
        for number in found
        if number not in guards
    ]


def main():
    root = sources.options(__doc__).parse_args().root
    layers = read_layers(root)
    problems = [
        *table_problems(layers),
        *picture_problems(root, layers),
        *page_problems(root),
    ]
    count = 0
    for path in sources.files(root):
        text = (root / path).read_text(encoding="utf-8")
        count += 1
        problems += order_problems(path, text) + conditional_problems(path, text)
        is_public = path.parts[0] == "include"
        problems += public_problems(path, text) if is_public else arrow_problems(layers, path, text)
    sources.finish(problems, f"{count} files keep to src/LAYERS")


if __name__ == "__main__":
    main()
