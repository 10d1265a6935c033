"""The routes on which a person changes their own password, which ends every login of theirs but this one."""

import time
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from plugin.database.viewer import Viewer
from plugin.queue.account_changes import AT_PROVIDER
from plugin.queue.passwords import MAX_PASSWORD
from plugin.web import login
from plugin.web.attempts import Visitor
from plugin.web.dependencies import CurrentViewer, Services, ServicesDep, ValidForm, client_address
from plugin.web.hashed_forms import Trouble, check_repeated, hashed, too_many_tries
from plugin.web.render import page

router = APIRouter()

Password = Annotated[str, Form(max_length=MAX_PASSWORD)]

PATH: Final = "/password"
_NO_PRESENT: Final = Trouble("Please type your present password.")
_WRONG: Final = Trouble("That is not your present password. Nothing was changed.")


@router.get(PATH)
def password(request: Request, services: ServicesDep, viewer: CurrentViewer, *, changed: bool = False) -> Response:
    """Show the form for another password; of an account of a provider, where its password is changed."""
    return _page(request, services, viewer, changed=changed)


@router.post(PATH, dependencies=[ValidForm])
async def change(
    request: Request,
    services: ServicesDep,
    viewer: CurrentViewer,
    present: Password = "",
    password: Password = "",
    repeated: Password = "",
) -> Response:
    """Change the password of whoever is logged in, after the present one; tries are limited as logins are."""
    if viewer.issuer is not None:
        return _page(request, services, viewer, Trouble(AT_PROVIDER))
    if not present:
        return _page(request, services, viewer, _NO_PRESENT)
    device = services.devices.recognise(request.cookies.get(services.devices.cookie_name), viewer.username)
    visitor = Visitor(viewer.username, client_address(request), device)
    if wait := services.attempts.begin(visitor, time.time()):
        answer = _page(request, services, viewer, Trouble(too_many_tries(wait), 429))
        answer.headers["Retry-After"] = str(round(wait))
        return answer

    def act() -> int | None:
        check_repeated(password, repeated)
        return services.store.change_password(viewer, present, password, request_id=request.state.request_id)

    failed = False
    try:
        generation = await hashed(request, services, act)
        failed = generation is None
    finally:
        services.attempts.end(visitor, failed=failed)
    if generation is None or isinstance(generation, Trouble):
        return _page(request, services, viewer, generation or _WRONG)
    services.attempts.succeeded(visitor)
    login.start_login(request.session, login.Login(viewer.user_id, generation), services.now())
    return RedirectResponse(f"{PATH}?changed=yes", 303)


def _page(
    request: Request,
    services: Services,
    viewer: Viewer,
    trouble: Trouble | None = None,
    *,
    changed: bool = False,
) -> Response:
    provider = services.provider
    is_ours = provider is not None and viewer.issuer == provider.issuer
    return page(
        request,
        "password.html",
        status=trouble.status if trouble else 200,
        provider=provider.name if provider is not None and is_ours else viewer.issuer,
        changed=changed,
        trouble=trouble.sentence if trouble else None,
    )
