"""The login page, with the provider's button where there is a provider, and the form for a password."""

from fastapi import Request
from fastapi.responses import HTMLResponse

from plugin.web.dependencies import Services
from plugin.web.provider.provider import BEGIN_PATH
from plugin.web.render import page


def login_page(request: Request, services: Services, *, status: int = 200, trouble: str | None = None) -> HTMLResponse:
    """Render the login page, with a sentence about what went wrong."""
    provider = services.provider
    return page(
        request,
        "login.html",
        status=status,
        trouble=trouble,
        provider=None if provider is None else provider.name,
        begin=BEGIN_PATH,
        is_away=provider is not None and provider.is_away,
        has_passwords=provider is None or provider.allows_passwords,
    )
