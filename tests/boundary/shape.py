#!/usr/bin/env python3
"""No file over 600 lines, no function over 60; says how long functions are. C and Python alike."""
import ast
import re
import statistics

import sources

FILE_LIMIT = 600
FUNCTION_LIMIT = 60

NAME = re.compile(r"\b([A-Za-z_]\w*)\s*\(")


def signature_start(lines, brace):
    """The first line of the signature whose body begins with lines[brace]."""
    start = brace
    while start > 0 and lines[start - 1].strip() and not lines[start - 1].startswith(("#", "}")):
        start -= 1
    return start


def c_functions(text):
    """(name, first line, length) of each function: its body's braces stand at the margin."""
    lines = sources.without_comments(text).splitlines()
    opened = None
    for i, line in enumerate(lines):
        if line == "{":
            opened = i
        elif line == "}" and opened is not None:
            start = signature_start(lines, opened)
            name = NAME.search(" ".join(lines[start:opened]))
            yield (name[1] if name else "?"), start + 1, i - start + 1
            opened = None


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno - node.lineno + 1


def measure(path, text):
    """(problems, lengths of functions)"""
    functions = list(python_functions(text) if path.suffix == ".py" else c_functions(text))
    problems = [
        f"{path}:{line}: {name} has {length} lines; {FUNCTION_LIMIT} is the limit"
        for name, line, length in functions
        if length > FUNCTION_LIMIT
    ]
    lines = len(text.splitlines())
    if lines > FILE_LIMIT:
        problems.append(f"{path}:1: {lines} lines; {FILE_LIMIT} is the limit")
    return problems, [length for _, _, length in functions]


def main():
    root = sources.options(__doc__).parse_args().root
    problems = []
    library_lengths = []
    for path in sources.files(root, suffixes=(".c", ".h", ".py")):
        found, lengths = measure(path, (root / path).read_text(encoding="utf-8"))
        problems += found
        if path.parts[0] == "src":
            library_lengths += lengths
    median = statistics.median(library_lengths) if library_lengths else 0
    sources.finish(problems, f"{len(library_lengths)} functions in src, median {median:g} lines")


if __name__ == "__main__":
    main()
