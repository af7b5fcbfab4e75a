#!/usr/bin/env python3
"""No circle among the files of src, by what they include and call; and no two files of one name.

A .c file and the header of its name are one file here. One that calls a function uses the file
that defines it, whichever header declares it.
"""
import itertools
import pathlib
import re

import shape
import sources

OURS = re.compile(r"\bimpact_\w+")
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)\.h"', re.MULTILINE)
SHARED_NAMES = {"meson"}


def module_of(path):
    """src/trace/span.c and .h: trace/span"""
    return str(path.with_suffix("")).removeprefix("src/")


def calling_part(path, text):
    """What of a file can call: all of a .c file; of a header the inline functions, not what it
    declares."""
    if path.suffix == ".c":
        return text
    lines = text.splitlines()
    spans = [(first - 1, first - 1 + length) for _, first, length in shape.c_functions(text)]
    return "\n".join("\n".join(lines[start:end]) for start, end in spans)


def read(root):
    """{module: its text without comments}, and {module: modules whose headers it includes}"""
    texts, included = {}, {}
    for path in sources.files(root, folders=("src",)):
        whole = (root / path).read_text(encoding="utf-8")
        module = module_of(path)
        text = calling_part(path, sources.without_comments(whole))
        texts[module] = texts.get(module, "") + text + "\n"
        included.setdefault(module, set()).update(INCLUDE.findall(whole))
    return texts, included


def definitions(texts):
    """{function: the module that defines it}. A function that two libraries define is left out."""
    owners = {}
    for module, text in texts.items():
        for name, _, _ in shape.c_functions(text):
            if OURS.fullmatch(name):
                owners.setdefault(name, set()).add(module)
    return {name: next(iter(found)) for name, found in owners.items() if len(found) == 1}


def uses(texts, included):
    """{module: {module it uses: why}}"""
    owners = definitions(texts)
    graph = {module: {} for module in texts}
    for module, text in texts.items():
        for other in included[module] & graph.keys():
            graph[module][other] = "its header"
        for name in set(OURS.findall(text)):
            other = owners.get(name, module)
            graph[module][other] = name
        graph[module].pop(module, None)
    return graph


def path_between(graph, start, goal):
    """The shortest way from one module to another, as a list; None when there is none."""
    ways = [[start]]
    seen = {start}
    while ways:
        way = ways.pop(0)
        for other in sorted(graph[way[-1]]):
            if other == goal:
                return [*way, other]
            if other not in seen:
                seen.add(other)
                ways.append([*way, other])
    return None


def circles(graph):
    """Each circle once: the shortest through its first module that is in no circle shown before."""
    shown = set()
    for module in sorted(graph):
        way = path_between(graph, module, module)
        if way and not shown & set(way):
            shown |= set(way)
            steps = [f"{a} uses {b} ({graph[a][b]})" for a, b in itertools.pairwise(way)]
            yield "circle: " + ", ".join(steps)


def twins(texts):
    """Two files of one name make a stranger open the wrong one."""
    folders = {}
    for module in texts:
        path = pathlib.PurePosixPath(module)
        folders.setdefault(path.name, []).append(str(path.parent))
    for name, found in sorted(folders.items()):
        if len(found) > 1 and name not in SHARED_NAMES:
            yield f"src: {name} stands in {', '.join(sorted(found))}"


def main():
    texts, included = read(sources.options(__doc__).parse_args().root)
    graph = uses(texts, included)
    problems = [*circles(graph), *twins(texts)]
    arrows = sum(len(used) for used in graph.values())
    sources.finish(problems, f"{len(graph)} files of src, {arrows} arrows, no circle")


if __name__ == "__main__":
    main()
