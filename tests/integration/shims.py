"""Parts of the core that only C can call, as libraries for ctypes."""

import ctypes
import os
import pathlib
import subprocess

BUILD = pathlib.Path(os.environ.get("IMPACT_BUILD", "build")).resolve()
SOURCE = pathlib.Path(__file__).resolve().parents[2]


def load(folder, text):
    """The library that this C text, linked with the core, becomes."""
    (folder / "shim.c").write_text(text)
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-o", folder / "shim.so", folder / "shim.c"]
        + [f"-I{SOURCE}/include", f"-I{SOURCE}/src", BUILD / "src" / "libimpact-static.a", "-lm"],
        check=True,
    )
    return ctypes.CDLL(str(folder / "shim.so"))
