"""Webhooks: who is told of verdicts and of campaigns that end, how that went, and a test of the address."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from raters.forms.webhooks import WebhookForm
from raters.models import Webhook
from raters.selectors import webhooks as selectors
from raters.services import webhooks as services
from raters.services.webhooks import BadWebhook
from vitrine.access import Role, allow
from vitrine.page_cursors import cursors_of
from vitrine.paging import pager_links

SOON = timedelta(minutes=2)  # a page that shows a delivery due by then looks again by itself


@allow(Role.OPERATOR)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def webhooks(request: HttpRequest) -> HttpResponse:
    """All webhooks, and a new one, whose secret stands on the page that answers its making and nowhere after."""
    form = WebhookForm(request.POST or None)
    context: dict[str, Any] = {"form": form}
    if form.is_bound and form.is_valid():
        asked = form.cleaned_data
        try:
            made = services.make_webhook(asked["url"], asked["events"], campaign=asked["campaign"], by=request.user)
        except BadWebhook as refusal:
            form.add_error("url", str(refusal))
        else:
            context = {"form": WebhookForm(), "made": made, "secret": made.secret}
    context["hooks"] = selectors.listed()
    return render(request, "raters/webhooks.html", context, status=422 if form.errors else 200)


@allow(Role.OPERATOR)
@never_cache
@require_safe
def webhook(request: HttpRequest, pk: int) -> HttpResponse:
    """One webhook and its deliveries; htmx asks for these alone while any is on its way."""
    hook = get_object_or_404(Webhook.objects.select_related("campaign", "made_by"), pk=pk)
    response = _page(request, hook, alone=request.headers.get("HX-Request") == "true")
    patch_vary_headers(response, ["HX-Request"])
    return response


@allow(Role.OPERATOR)
@never_cache
@require_POST
def webhook_act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Test the address, switch it on or off, renew its secret, forget it."""
    hook = get_object_or_404(Webhook.objects.select_related("campaign", "made_by"), pk=pk)
    if act == "renew":
        return _page(request, hook, secret=services.renew_secret(hook))
    if act == "forget":
        hook.delete()
        messages.success(request, f"{hook.url} is told nothing any more.")
        return redirect("raters:webhooks")
    if act not in _ACTS:
        raise Http404("A webhook is tested, switched on or off, renewed or forgotten.")
    do, done = _ACTS[act]
    try:
        do(hook)
    except BadWebhook as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return redirect("raters:webhook", pk)


_ACTS: dict[str, tuple[Callable[[Webhook], Any], str]] = {
    "test": (services.ping, "A test is on its way. What comes of it is told below."),
    "on": (lambda hook: services.switch(hook, True), "The webhook is switched on."),
    "off": (lambda hook: services.switch(hook, False), "The webhook is switched off: nothing more is sent there."),
}


def _page(request: HttpRequest, hook: Webhook, *, alone: bool = False, secret: str = "") -> HttpResponse:
    page = selectors.deliveries(hook, **cursors_of(request))
    context = {
        "hook": hook,
        "page": page,
        "pager": pager_links(page, request.GET),
        "waiting": any(row.due_at and row.due_at <= timezone.now() + SOON for row in page.items),
        "secret": secret,
    }
    return render(request, "raters/_deliveries.html" if alone else "raters/webhook.html", context)
