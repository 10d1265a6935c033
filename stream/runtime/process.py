"""Settings of the Python runtime for a whole process, made by entry points alone."""

import gc
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits

_COLLECT_AFTER = 20_000
"""The number of new objects between two searches for garbage cycles; Python's own number is 700.

With thousands of conversations in memory these searches took a seventh of the stream worker's time, and hardly any
object here is part of a cycle. In the web stage a complete search, through all that is imported, took as long as the
slowest page, and every tenth page waited for one.
"""


def reduce_garbage_collection() -> None:
    """Exclude everything that is imported so far from the search for garbage cycles, and search less often."""
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)


def limit_blas_threads() -> None:
    """Limit numpy's computations to one thread; call this once numpy is imported.

    The computation for one text is too small to divide: with one thread per core the threads wait for each other, which
    on a busy machine takes 60 times as long as a single thread.
    """
    threadpool_limits(limits=1, user_api="blas")


@contextmanager
def stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """Set `stop` at SIGTERM or SIGINT until the block ends."""
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
