"""A line that a test can cut: a TCP proxy on loopback, for the broker, the database or Triton."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from plugin.local.loopback import ADDRESS, free_ports

_CHUNK = 65_536
_LOOK_S = 0.05  # how soon a waiting thread notices that the proxy's manners have changed
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s: the other side sees that the line was cut


class Proxy:
    """Passes bytes to a port of this machine, until it is told otherwise. Two threads a line."""

    def __init__(self, target: int, *, port: int | None = None) -> None:
        """Lead to the loopback port `target`; listen on `port`, by default a free one."""
        self.port = port or free_ports(1)[0]
        self.target = target
        """May be set before the first connection."""
        self._door: socket.socket | None = None
        self._passes = threading.Event()
        self._passes.set()
        self._delay_s = 0.0
        self._lock = threading.Lock()
        self._lines: set[_Line] = set()
        self._threads: list[threading.Thread] = []

    @property
    def address(self) -> str:
        """Host and port, as clients take it."""
        return f"{ADDRESS}:{self.port}"

    def refuse(self) -> None:
        """Connections end and new ones are refused, as when the other side's process is gone."""
        door, self._door = self._door, None
        if door is not None:
            with contextlib.suppress(OSError):
                door.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits at it
            door.close()
        self.cut()

    def cut(self) -> None:
        """Connections end; new ones are welcome."""
        with self._lock:
            lines = list(self._lines)
        for line in lines:
            line.cut()

    def black_hole(self) -> None:
        """Connections stay and new ones are taken, but nothing passes, as when a cable is pulled."""
        self._passes.clear()

    def delay(self, seconds: float) -> None:
        """Each piece waits that long, each way."""
        self._delay_s = seconds

    def pass_again(self) -> None:
        """All is well; connections that sat in the black hole end, as TCP's own time-outs would have it."""
        if not self._passes.is_set():
            self.cut()
        self._passes.set()
        self._delay_s = 0.0
        if self._door is None:
            self._door = socket.create_server((ADDRESS, self.port))
            self._begin(self._answer, self._door)

    def __enter__(self) -> Self:
        self.pass_again()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.refuse()
        self._passes.set()
        for thread in self._threads:
            self.cut()  # also what was taken as the door closed
            thread.join()

    def _begin(self, work: Callable[..., None], *arguments: object) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        self._threads.append(threading.Thread(target=work, args=arguments, daemon=True))
        self._threads[-1].start()

    def _answer(self, door: socket.socket) -> None:
        """Take connections until the door closes."""
        while door is self._door:
            try:
                near, _ = door.accept()
            except OSError:
                return
            try:
                far = socket.create_connection((ADDRESS, self.target))
            except OSError:
                near.close()  # nobody there
                continue
            line = _Line(near, far)
            with self._lock:
                self._lines.add(line)
            self._begin(self._serve, line)

    def _serve(self, line: "_Line") -> None:
        """One line, until either side ends it or the test does."""
        back = threading.Thread(target=self._pump, args=(line, line.far, line.near), daemon=True)
        back.start()
        self._pump(line, line.near, line.far)
        back.join()
        with self._lock:
            self._lines.discard(line)
        line.close()

    def _pump(self, line: "_Line", here: socket.socket, there: socket.socket) -> None:
        try:
            while piece := here.recv(_CHUNK):
                time.sleep(self._delay_s)
                while not self._passes.wait(_LOOK_S):
                    if line.is_cut.is_set():
                        return
                there.sendall(piece)
        except OSError:
            pass
        finally:
            line.cut()


class _Line:
    """Two connections that belong together. Cut from any thread, closed by the one that serves it."""

    def __init__(self, near: socket.socket, far: socket.socket) -> None:
        self.near, self.far = near, far
        self.is_cut = threading.Event()

    def cut(self) -> None:
        self.is_cut.set()
        for end in (self.near, self.far):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        for end in (self.near, self.far):
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            end.close()
