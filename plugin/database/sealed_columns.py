"""The columns whose text is encrypted, and the place that each ciphertext is bound to."""

from uuid import UUID

from plugin.crypto.text import Place


def place_of_message(tenant: str, session_id: UUID, message_id: str) -> Place:
    """Where a message's text belongs."""
    return Place(tenant, "messages", f"{session_id}\x1f{message_id}", "text")


def place_of_words(tenant: str, assessment_id: UUID) -> Place:
    """Where an answer's words belong."""
    return Place(tenant, "answers", str(assessment_id), "words")
