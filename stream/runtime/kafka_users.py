"""The users (SCRAM-SHA-512) on the broker, one for each stage, whose passwords are set from the settings."""

from collections.abc import Mapping
from typing import Final

from kafka.admin import ScramMechanism, UserScramCredentialUpsertion

from stream.contracts.errors import Misconfigured
from stream.runtime import command_clients, kafka_rights
from stream.runtime.settings import KafkaSettings
from stream.runtime.stages import KAFKA_NAME_PREFIX

_SHORT_NAMES: Final = {user.removeprefix(f"{KAFKA_NAME_PREFIX}-"): user for user in kafka_rights.USERS}


def set_user_passwords(kafka: KafkaSettings) -> tuple[str, ...]:
    """Set the password of each user in `kafka.user_passwords`, and return the users' names.

    Our own user needs Alter on the cluster. Connections that exist go on; the next login needs the new password.

    Raises:
        Unavailable: the broker does not answer.
        Misconfigured: there is no password, one is for somebody else, or the broker refuses our user.
    """
    passwords = {name: secret.get_secret_value() for name, secret in kafka.user_passwords.items()}
    _check(passwords)
    changes = [
        UserScramCredentialUpsertion(_SHORT_NAMES[name], ScramMechanism.SCRAM_SHA_512, password)
        for name, password in passwords.items()
    ]
    with command_clients.admin(kafka) as admin:
        answers = admin.alter_user_scram_credentials(changes)
    if refused := sorted(user for user, error in answers.items() if error is not None):
        raise Misconfigured(f"The broker did not take the password of {', '.join(refused)}.")
    return tuple(_SHORT_NAMES[name] for name in passwords)


def _check(passwords: Mapping[str, str]) -> None:
    known = ", ".join(_SHORT_NAMES)
    if unknown := sorted(passwords.keys() - _SHORT_NAMES.keys()):
        raise Misconfigured(f"kafka.user_passwords names {', '.join(unknown)}; users are {known}.")
    if not passwords or not all(passwords.values()):
        raise Misconfigured(f"kafka.user_passwords holds no password, or an empty one. Set one for each of {known}.")
