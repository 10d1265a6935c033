"""The adapters by the name of their platform: our own, and those that other packages bring.

Another package names its adapter as an entry point of the group `counterpoint.adapters` (docs/adapters.md).
"""

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Any, Final

from plugin.adapters.base import Adapter
from plugin.adapters.chatwoot import Chatwoot
from plugin.adapters.matrix import Matrix
from plugin.adapters.rocketchat import RocketChat
from plugin.adapters.twilio import Twilio
from plugin.adapters.webhook import StandardWebhook
from stream.contracts.errors import Misconfigured
from stream.runtime.settings import ChatwootSettings, ConsentSettings, MatrixSettings, TenantSettings, TwilioSettings

GROUP: Final = "counterpoint.adapters"

AdapterFactory = Callable[[TenantSettings], Adapter[Any]]
"""A function, or a class, that makes the adapter of a tenant; it raises `Misconfigured` where a setting is missing."""

WEBHOOK: Final = "webhook"
OWN: Final[Mapping[str, AdapterFactory]] = {
    WEBHOOK: lambda _settings: StandardWebhook(),
    "chatwoot": Chatwoot,
    "twilio": Twilio,
    "rocketchat": RocketChat,
    "matrix": Matrix,
}


def adapter_of(settings: TenantSettings) -> Adapter[Any]:
    """Return the adapter of the platform that a tenant speaks.

    Raises:
        Misconfigured: There is no adapter of that name, another package's cannot be loaded, or a setting does not fit.
    """
    name = settings.platform
    for unused in _unused(settings):
        raise Misconfigured(f"{unused} is set, and platform {name} does not use it.")
    if name in OWN:
        return OWN[name](settings)
    return _others(name)(settings)


def _others(name: str) -> AdapterFactory:
    found = {point.name: point for point in entry_points(group=GROUP)}
    if name not in found:
        known = ", ".join([*OWN, *sorted(found.keys() - OWN.keys())])
        raise Misconfigured(f"platform {name} has no adapter; known: {known}.")
    try:
        factory: AdapterFactory = found[name].load()
    except Exception as error:  # noqa: BLE001 - the code of another package may fail in any way
        raise Misconfigured(
            f"platform {name}: {found[name].value} cannot be loaded ({type(error).__name__})."
        ) from None
    return factory


def _unused(settings: TenantSettings) -> list[str]:
    """Return the settings that are set and have no effect, since they are another platform's."""
    of_its_own = settings.platform == WEBHOOK
    return [
        place
        for place, is_unused in (
            ("consent", of_its_own and settings.consent != ConsentSettings()),
            ("bots", of_its_own and bool(settings.bots)),
            ("options", settings.platform in OWN and bool(settings.options)),
            ("chatwoot", settings.platform != "chatwoot" and settings.chatwoot != ChatwootSettings()),
            ("twilio", settings.platform != "twilio" and settings.twilio != TwilioSettings()),
            ("matrix", settings.platform != "matrix" and settings.matrix != MatrixSettings()),
        )
        if is_unused
    ]
