"""Broker, database and Triton of one machine, started together or taken from the environment."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from plugin.local.kafka import KafkaBroker
from plugin.local.postgres import UNPRIVILEGED_USER, PostgresServer
from plugin.local.process import MissingRequirement, Process
from plugin.local.triton import TritonServer
from stream.runtime.settings import IN_PROCESS


class Stack:
    """The servers that every stage needs; ``KAFKA_BOOTSTRAP_SERVERS`` and ``DATABASE_URL`` name running ones."""

    def __init__(
        self,
        data_dir: Path,
        *,
        models: Sequence[str],
        say: Callable[[str], None],
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """``say`` takes one sentence for each thing done; ``models`` are the Triton models to load."""
        self._say = say
        self._strict = environ.get("CI") == "true"
        self._bootstrap_servers = environ.get("KAFKA_BOOTSTRAP_SERVERS", "")
        self._database_url = environ.get("DATABASE_URL", "")
        self.kafka = None if self._bootstrap_servers else KafkaBroker(data_dir / "kafka")
        self.postgres = None if self._database_url else PostgresServer(data_dir / "postgres")
        self.triton: TritonServer | None = TritonServer(data_dir / "triton", models)

    @property
    def bootstrap_servers(self) -> str:
        """The address of the broker."""
        return self.kafka.bootstrap_servers if self.kafka else self._bootstrap_servers

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL of the database, password included."""
        return self.postgres.url if self.postgres else self._database_url

    @property
    def triton_url(self) -> str:
        """The gRPC address of Triton, or ``in-process``."""
        return self.triton.grpc_url if self.triton else IN_PROCESS

    def start(self) -> Self:
        """Start the three side by side.

        Raises:
            NotStarted: one of them did not come up; the others are stopped.
            Missing: the machine or the setup lacks something. For Triton only with ``CI=true``; otherwise that is
                said, and the baseline is to run in process.
        """
        if self._bootstrap_servers:
            self._say(f"Kafka: not started, KAFKA_BOOTSTRAP_SERVERS names {self._bootstrap_servers}")
        if self._database_url:
            self._say("PostgreSQL: not started, DATABASE_URL names a server")
        try:
            with ThreadPoolExecutor() as pool:
                for done in [pool.submit(self._start, process) for process in self._processes()]:
                    done.result()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop what was started, side by side."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda process: process.stop(), self._processes()))

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _processes(self) -> list[Process]:
        return [process for process in (self.kafka, self.postgres, self.triton) if process]

    def _start(self, process: Process) -> None:
        begun = time.monotonic()
        try:
            process.start()
        except MissingRequirement as missing:
            if self._strict or not isinstance(process, TritonServer):
                raise
            self.triton = None
            self._say(f"Triton: not started, the baseline runs in process. {missing}")
            return
        if isinstance(process, PostgresServer) and process.opened_folders:
            folders = ", ".join(str(folder) for folder in process.opened_folders)
            self._say(
                f"{process.name}: may not run as root and runs as {UNPRIVILEGED_USER}, who may now pass {folders}"
            )
        self._say(f"{process.name}: ready on loopback after {time.monotonic() - begun:.1f} s")
