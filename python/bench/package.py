"""What the package costs to have: the processor's time for its import, beyond that of the API, and
the size of the wheel (make wheel).

Standard output has one line a figure: figure <name> <value> <unit>.
"""

import pathlib
import statistics
import subprocess
import sys

ROUNDS = 15
ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = """
import opentelemetry.trace, opentelemetry.context, time
began = time.process_time()
import impact_stack.observability.tracing.provider
print((time.process_time() - began) * 1000)
"""


def import_ms() -> float:
    """Return what our import takes in a process that has imported the API."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def main() -> None:
    """Print the figures; that of the wheel where one was made."""
    print(f"figure import_ms {statistics.median(import_ms() for _ in range(ROUNDS)):.1f} ms")
    for wheel in (ROOT / "build/wheel/dist").glob("*.whl"):
        print(f"figure wheel_kib {wheel.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
