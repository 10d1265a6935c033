"""The JSON of single accounts, as an operator manages them. It holds no password and no session."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from plugin.api.list_models import MAX_PAGE, Part
from plugin.api.requests import Asked
from plugin.database.viewer import AccountRole
from plugin.queue.accounts import MAX_NAME
from plugin.queue.paging import PAGE
from plugin.queue.people_rows import Name

TeamNames = Annotated[tuple[Name, ...], Field(max_length=50)]


class AccountQuery(BaseModel):
    """Which part of the list of accounts."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    cursor: str | None = Field(default=None, max_length=64, description="The `next_cursor` of the part before.")
    limit: int = Field(default=PAGE, ge=1, le=MAX_PAGE)


class SingleAccount(Part):
    """An account that was not removed."""

    account_id: UUID
    username: str
    display_name: str
    role: AccountRole
    tenant: str | None = Field(description="The platform of a therapist, or of a supervisor who sees its sessions.")
    teams: tuple[str, ...]
    is_disabled: bool
    issuer: str | None = Field(description="The provider at which the person logs in; null for a local account.")
    needs_password: bool = Field(description="Whether nobody has set a password yet, without which nobody logs in.")


class AccountPart(Part):
    """A part of the accounts, by user name."""

    accounts: tuple[SingleAccount, ...]
    next_cursor: str | None = Field(default=None, description="The place of the next part; null at the list's end.")


class ChangeTeams(Asked):
    """The teams that a person joins and leaves; leaving one ends their logins and tokens."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    add: TeamNames = Field(default=(), description="Teams that do not exist are made.")
    remove: TeamNames = Field(default=(), description="Teams that the person is in.")

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.add and not self.remove:
            raise ValueError("no team is named")
        return self


class RemoveAccount(Asked):
    """The user name of the account, so that nobody is removed by a wrong id: a removed account does not come back."""

    username: Annotated[str, StringConstraints(max_length=MAX_NAME)]
