"""The journal of a model check: each outcome is written at once, without text, so that the check can be resumed."""

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from plugin.models.check.case_runner import CaseOutcome
from stream.contracts.errors import Misconfigured

RunIdentity = Mapping[str, str]
"""What two runs must have in common to share outcomes: the model, the stimuli, whatever an answer depends on."""


class OutcomeJournal:
    """A file of outcomes. Its first line identifies the run; the outcomes of another run are not used."""

    def __init__(self, path: Path, run: RunIdentity) -> None:
        self._path = path
        self._run = dict(run)
        self.outcomes: dict[str, CaseOutcome] = {}

    def open(self, *, fresh: bool) -> None:
        """Read the outcomes of an interrupted run, or begin a new file.

        Raises:
            Misconfigured: the file cannot be written, or belongs to another model or other stimuli.
        """
        try:
            if not fresh and self._path.exists():
                self._read()
            else:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._path.write_text(json.dumps(self._run) + "\n")
        except OSError as error:
            raise Misconfigured(f"{self._path} cannot be used: {error.strerror}.") from None

    def add(self, name: str, outcome: CaseOutcome) -> None:
        """Write one outcome at once: an interruption loses only the requests in flight."""
        self.outcomes[name] = outcome
        with self._path.open("a") as file:
            file.write(json.dumps({"case": name, "outcome": outcome.model_dump(mode="json")}) + "\n")

    def remove(self) -> None:
        """Delete the file once the report is written, so that the next check begins a new one."""
        self._path.unlink(missing_ok=True)

    def _read(self) -> None:
        head, *lines = self._path.read_text().splitlines()
        if json.loads(head) != self._run:
            raise Misconfigured(f"{self._path} is of another model or of other stimuli. Begin again with --fresh.")
        complete = [head]
        for line in lines:
            try:
                entry = json.loads(line)
                self.outcomes[entry["case"]] = CaseOutcome.model_validate(entry["outcome"])
            except (ValueError, KeyError, ValidationError):
                continue  # the line that was being written when somebody pulled the plug
            complete.append(line)
        self._path.write_text("".join(f"{line}\n" for line in complete))
