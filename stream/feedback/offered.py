"""Which written reply is offered at a moment, so that none stands twice in a session while another is as good."""

from collections.abc import Collection

from stream.contracts.feedback import Alternative


def choose_alternatives(
    alternatives: tuple[Alternative, ...], spares: tuple[Alternative, ...], offered: Collection[str]
) -> tuple[Alternative, ...]:
    """Return the alternatives, with the first spare that was not offered in the place of one that was.

    `offered` are the ids of the written replies that earlier moments of the session have. Where all are among them
    the first is offered again.
    """
    if not alternatives or alternatives[0].written_id not in offered:
        return alternatives
    fresh = next((spare for spare in spares if spare.written_id not in offered), alternatives[0])
    return (fresh, *alternatives[1:])
