"""Tests of the settings of the Python runtime for a whole process, each in a process of its own."""

import subprocess
import sys

from tests.fixtures.waiting import DEADLOCK_S


def output_of(code: str) -> str:
    """Run code in a process of its own and return what it prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=DEADLOCK_S, check=True)
    return done.stdout


def test_garbage_collection_is_reduced_for_what_is_imported_and_for_new_objects() -> None:
    """Imported objects are frozen, and the threshold for a garbage collection is far above Python's own."""
    code = (
        "import gc; from stream.runtime.process import reduce_garbage_collection; reduce_garbage_collection();"
        "print(gc.get_freeze_count() > 1_000, gc.get_threshold()[0])"
    )
    assert output_of(code).split() == ["True", "20000"]


def test_blas_uses_one_thread() -> None:
    """After the limit is set, no BLAS library of the process has more than one thread."""
    code = (
        "import numpy, threadpoolctl; from stream.runtime.process import limit_blas_threads; limit_blas_threads();"
        "print({pool['num_threads'] for pool in threadpoolctl.threadpool_info() if pool['user_api'] == 'blas'})"
    )
    assert output_of(code).strip() == "{1}"
