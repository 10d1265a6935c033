"""Outcomes as they come, one line of JSON each, so that a check cut short goes on where it stopped. No words in it."""

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from plugin.models.check.asker import Outcome
from stream.contracts.errors import Misconfigured

Asked = Mapping[str, str]
"""What makes two runs the same: model, stimuli, everything an answer hangs on."""


class Progress:
    """The file beside the report. Its first line says what was asked of whom; another answer's lines are not ours."""

    def __init__(self, path: Path, asked: Asked) -> None:
        self._path = path
        self._asked = dict(asked)
        self.outcomes: dict[str, Outcome] = {}

    def open(self, *, fresh: bool) -> None:
        """Take up what is there, or begin anew.

        Raises:
            Misconfigured: the file cannot be written, or belongs to another model or other stimuli.
        """
        try:
            if not fresh and self._path.exists():
                self._read()
            else:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._path.write_text(json.dumps(self._asked) + "\n")
        except OSError as error:
            raise Misconfigured(f"{self._path} cannot be used: {error.strerror}.") from None

    def add(self, name: str, outcome: Outcome) -> None:
        """Keep one outcome, at once: whoever is interrupted loses the questions in flight and no more."""
        self.outcomes[name] = outcome
        with self._path.open("a") as file:
            file.write(json.dumps({"case": name, "outcome": outcome.model_dump(mode="json")}) + "\n")

    def remove(self) -> None:
        """The report is written: the next check begins anew."""
        self._path.unlink(missing_ok=True)

    def _read(self) -> None:
        head, *lines = self._path.read_text().splitlines()
        if json.loads(head) != self._asked:
            raise Misconfigured(f"{self._path} is of another model or of other stimuli. Begin anew with --fresh.")
        whole = [head]
        for line in lines:
            try:
                entry = json.loads(line)
                self.outcomes[entry["case"]] = Outcome.model_validate(entry["outcome"])
            except (ValueError, KeyError, ValidationError):
                continue  # the line that was being written when somebody pulled the plug
            whole.append(line)
        self._path.write_text("".join(f"{line}\n" for line in whole))
