"""A TCP proxy on loopback whose connections a test can cut, refuse, silence or delay."""

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
_POLL_S = 0.05  # how soon a waiting thread notices that the proxy's behaviour has changed
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s: the other side sees that the connection was reset


class Proxy:
    """A proxy that copies bytes to and from a port of this machine, with two threads per connection."""

    def __init__(self, target: int, *, port: int | None = None) -> None:
        """Connect to the loopback port `target`; listen on `port`, by default a free one."""
        self.port = port or free_ports(1)[0]
        self.target = target
        """The port that connections are passed to; may be set before the first connection."""
        self._listener: socket.socket | None = None
        self._passing = threading.Event()
        self._passing.set()
        self._delay_s = 0.0
        self._lock = threading.Lock()
        self._connections: set[_ProxiedConnection] = set()
        self._threads: list[threading.Thread] = []

    @property
    def address(self) -> str:
        """The proxy's host and port, in the form that clients take."""
        return f"{ADDRESS}:{self.port}"

    def refuse(self) -> None:
        """End all connections and refuse new ones, as when the other side's process is gone."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept()
            listener.close()
        self.cut()

    def cut(self) -> None:
        """End all connections, and accept new ones."""
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            connection.cut()

    def black_hole(self) -> None:
        """Keep connections and accept new ones, but pass nothing on, as when a cable is pulled."""
        self._passing.clear()

    def delay(self, seconds: float) -> None:
        """Delay each chunk by some seconds, each way."""
        self._delay_s = seconds

    def restore(self) -> None:
        """Pass everything on again; connections of a black hole end, as TCP's own time-outs would end them."""
        if not self._passing.is_set():
            self.cut()
        self._passing.set()
        self._delay_s = 0.0
        if self._listener is None:
            self._listener = socket.create_server((ADDRESS, self.port))
            self._start_thread(self._accept_connections, self._listener)

    def __enter__(self) -> Self:
        self.restore()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.refuse()
        self._passing.set()
        for thread in self._threads:
            self.cut()  # also what was accepted as the listener closed
            thread.join()

    def _start_thread(self, work: Callable[..., None], *arguments: object) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        self._threads.append(threading.Thread(target=work, args=arguments, daemon=True))
        self._threads[-1].start()

    def _accept_connections(self, listener: socket.socket) -> None:
        """Accept connections until the listener closes."""
        while listener is self._listener:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection((ADDRESS, self.target))
            except OSError:
                client.close()  # nothing listens on the target port
                continue
            connection = _ProxiedConnection(client, server)
            with self._lock:
                self._connections.add(connection)
            self._start_thread(self._serve, connection)

    def _serve(self, connection: "_ProxiedConnection") -> None:
        """Copy bytes both ways until either side or the test ends the connection."""
        back = threading.Thread(target=self._copy, args=(connection, connection.server, connection.client), daemon=True)
        back.start()
        self._copy(connection, connection.client, connection.server)
        back.join()
        with self._lock:
            self._connections.discard(connection)
        connection.close()

    def _copy(self, connection: "_ProxiedConnection", source: socket.socket, destination: socket.socket) -> None:
        try:
            while chunk := source.recv(_CHUNK):
                time.sleep(self._delay_s)
                while not self._passing.wait(_POLL_S):
                    if connection.is_cut.is_set():
                        return
                destination.sendall(chunk)
        except OSError:
            pass
        finally:
            connection.cut()


class _ProxiedConnection:
    """The two sockets of one proxied connection, cut from any thread and closed by the one that serves it."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client, self.server = client, server
        self.is_cut = threading.Event()

    def cut(self) -> None:
        self.is_cut.set()
        for end in (self.client, self.server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        for end in (self.client, self.server):
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            end.close()
