"""The check that a conversation is read from one file alone: twice it would count twice, or stand in two splits."""

from pathlib import Path

from training.errors import DataError


def check_once(files: dict[str, Path], conversation: str, path: Path) -> None:
    """Note the file of a conversation.

    Raises:
        DataError: another file was noted for it before.
    """
    other = files.setdefault(conversation, path)
    if other != path:
        raise DataError(
            f"{other} and {path} both hold the conversation {conversation}. Take one of them out of the folder."
        )
