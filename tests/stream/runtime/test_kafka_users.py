"""Tests of the users' passwords on a secured broker: who is set, who is refused, and what goes on meanwhile."""

import pytest

from plugin.local.kafka_security import ADMIN
from stream.contracts.errors import Misconfigured
from stream.runtime.kafka_users import set_user_passwords
from stream.runtime.topics import topic_differences
from tests.fixtures.secured_kafka import SecuredKafka


def test_a_password_is_changed_and_the_old_one_is_refused(secured_kafka: SecuredKafka) -> None:
    """A user logs in with the password that was set, and not with the one before; it is set back the same way."""
    before = secured_kafka.as_user("setup")
    for password in ("another-secret", str(before.password and before.password.get_secret_value())):
        admin = secured_kafka.as_user(ADMIN, user_passwords={"setup": password})
        assert set_user_passwords(admin) == ("counterpoint-setup",)
        assert topic_differences(secured_kafka.as_user("setup", password=password)) == []
        if password == "another-secret":
            with pytest.raises(Misconfigured, match="does not accept the user"):
                topic_differences(before)


def test_only_an_administrator_sets_passwords(secured_kafka: SecuredKafka) -> None:
    """A user of a stage cannot set a password, its own neither."""
    for user in ("gateway", "setup"):
        with pytest.raises(Misconfigured):
            set_user_passwords(secured_kafka.as_user(user, user_passwords={"gateway": "x"}))


@pytest.mark.parametrize("passwords", [{}, {"gateway": ""}, {"nobody": "x"}, {"counterpoint-gateway": "x"}])
def test_wrong_settings_are_reported_before_the_broker_is_asked(passwords: dict[str, str]) -> None:
    """Missing and empty passwords, and passwords of unknown users, are reported with the users' names."""
    from stream.runtime.settings import KafkaSettings

    with pytest.raises(
        Misconfigured, match="gateway, stream, feedback, measures, sink, hear, deliver, operator, reconcile, setup"
    ):
        set_user_passwords(KafkaSettings.model_validate({"user_passwords": passwords}))
