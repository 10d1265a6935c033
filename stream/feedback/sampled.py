"""The random sample in the feedback stage: it travels past the model, which reads a sampled session like any other."""

from stream.contracts.feedback import FeedbackRecord
from stream.contracts.sessions import ModelVersion, SessionRecord, referenced_ids


def without_sample(record: SessionRecord) -> SessionRecord:
    """Return the record with the messages that its exchanges and marks need, as if it were not in the sample."""
    if not record.sampled_turns:
        return record
    needed = referenced_ids(record.exchanges, record.marks)
    messages = tuple(message for message in record.messages if message.message_id in needed)
    return record.model_copy(update={"messages": messages, "sampled_turns": ()})


def with_sample_of(whole: SessionRecord, feedback: FeedbackRecord, model: ModelVersion) -> FeedbackRecord:
    """Return the feedback on a session of the sample with the whole conversation, and with its model."""
    sample = {"messages": whole.messages, "sampled_turns": whole.sampled_turns, "sampled_model": model}
    return feedback.model_copy(update=sample)
