"""Storage of the random sample: whether a closed session is in it, with its client turns and its model."""

from sqlmodel import Session, col, delete

from plugin.database.tables import StoredSample
from stream.contracts.feedback import FeedbackRecord


def store_sample(session: Session, record: FeedbackRecord, *, is_new: bool) -> None:
    """Store whether the closed revision is in the sample. What was said in a look stays: it names its revision."""
    if not is_new:
        session.exec(delete(StoredSample).where(col(StoredSample.session_id) == record.session_id))
    if record.sampled_turns:
        session.add(
            StoredSample(
                session_id=record.session_id,
                revision=record.revision,
                turns=record.model_dump(mode="json", include={"sampled_turns"})["sampled_turns"],
                model=None if record.sampled_model is None else record.sampled_model.model_dump(mode="json"),
            )
        )
        session.flush()
