"""What the boundary tests share: the C files of a tree, without comments, and how a test ends."""
import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("include", "src", "python", "cli", "examples", "tests", "fuzz", "bench")
GENERATED = {"build", "dist", "venv", ".venv"}

COMMENT_OR_LITERAL = re.compile(
    r"""/\*.*?\*/ | //[^\n]* | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'""", re.DOTALL | re.VERBOSE
)


def options(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--root", type=pathlib.Path, default=ROOT, help="the tree to look at")
    return parser


def files(root, folders=FOLDERS, suffixes=(".c", ".h")):
    """The sources below the folders, as paths relative to the root."""
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            relative = path.relative_to(root)
            if path.suffix in suffixes and not GENERATED & set(relative.parts[:-1]):
                yield relative


def blank_out(match):
    """As many lines as there were. A literal leaves its quotes, so that its line still reads."""
    text = match.group()
    is_comment = text.startswith("/")
    return "\n" * text.count("\n") or (" " if is_comment else text[0] * 2)


def without_comments(text, keep_literals=False):
    def replace(match):
        is_comment = match.group().startswith("/")
        return blank_out(match) if is_comment or not keep_literals else match.group()

    return COMMENT_OR_LITERAL.sub(replace, text)


def finish(problems, summary):
    """Print what is wrong, or that nothing is, and end the process."""
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems" if problems else summary)
    sys.exit(1 if problems else 0)
