"""Which written reply is offered at a moment: none that stands in the session already while another is as good.

Where a client has only begun to write, none is offered: they speak of what went before.
"""

from collections.abc import Collection

from stream.contracts.feedback import Alternative


def choose_alternatives(
    alternatives: tuple[Alternative, ...],
    spares: tuple[Alternative, ...],
    offered: Collection[str],
    *,
    is_opening: bool,
) -> tuple[Alternative, ...]:
    """Return the alternatives, with the first spare that was not offered in the place of one that was.

    `offered` are the ids of the written replies that earlier moments of the session have. Where all are among them
    the first is offered again. Of an opening what a model worded for it stays alone.
    """
    if is_opening:
        return tuple(each for each in alternatives if each.written_id is None)
    if not alternatives or alternatives[0].written_id not in offered:
        return alternatives
    fresh = next((spare for spare in spares if spare.written_id not in offered), alternatives[0])
    return (fresh, *alternatives[1:])
