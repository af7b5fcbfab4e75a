"""Children of multiprocessing in all their ways."""

import pytest
from multiprocessing_test import EXECUTOR, NESTED, POOL, PROCESSES, RECYCLED_POOL, exported

BODIES = {
    "process": PROCESSES,
    "pool": POOL,
    "recycled": RECYCLED_POOL,
    "executor": EXECUTOR,
    "nested": NESTED,
}


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
@pytest.mark.parametrize("body", BODIES)
def test_every_span_of_a_child_is_exported(tmp_path, method, body):
    """20 of 20, and those of the parent once."""
    spans = exported(BODIES[body], method, tmp_path)
    spans.check("work", 20)
    spans.check("parent", 1)
