"""What a campaign is made of: its images, and its guidelines with example pictures."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from raters import choosing
from raters.exceptions import BadCampaign
from raters.forms.campaigns import GuidelinesForm, PictureForm
from raters.forms.images import ChoiceForm, UploadForm
from raters.guidelines import rendered
from raters.models import Campaign
from raters.selectors import monitoring
from raters.services import campaigns as services
from raters.services import guidelines, tasks, uploads
from vitrine.access import Role, allow

EDIT = ["GET", "HEAD", "POST"]
SHOWN = 5  # refused lines of an upload; the rest are counted


@allow(Role.OPERATOR)
@require_http_methods(EDIT)
def campaign_images(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose generated images by filters; the page says how many there are before they are added."""
    campaign = monitoring.campaign_or_404(pk)
    form = ChoiceForm(request.POST if request.method == "POST" else request.GET or None)
    count: int | None = None
    if form.is_bound and form.is_valid():
        choice = form.choice(campaign.seed)
        try:
            if request.method == "POST":
                return _added(request, campaign, tasks.add_candidates(campaign, choosing.chosen(choice)))
            count = choosing.count(choice)
        except BadCampaign as refusal:
            form.add_error(None, str(refusal))
    return _images_page(request, campaign, form, UploadForm(), count=count)


@allow(Role.OPERATOR)
@require_POST
def campaign_images_upload(request: HttpRequest, pk: int) -> HttpResponse:
    """Add images made elsewhere, from a zip archive with their list."""
    campaign = monitoring.campaign_or_404(pk)
    form = UploadForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            archive = form.cleaned_data["archive"]
            report = uploads.add_archive(campaign, archive, archive.size)
        except BadCampaign as refusal:
            form.add_error("archive", str(refusal))
        else:
            _tell(request, report)
            return _added(request, campaign, report.added)
    return _images_page(request, campaign, ChoiceForm(), form)


@allow(Role.OPERATOR)
@require_POST
def campaign_images_clear(request: HttpRequest, pk: int) -> HttpResponse:
    """Take all images out of a draft."""
    campaign = monitoring.campaign_or_404(pk)
    try:
        count = tasks.remove_tasks(campaign, campaign.tasks.all())
        messages.success(request, f"{count} image{'s' * (count != 1)} taken out.")
    except BadCampaign as refusal:
        messages.error(request, str(refusal))
    return redirect("raters:campaign-images", pk)


@allow(Role.OPERATOR)
@require_http_methods(EDIT)
def campaign_guidelines(request: HttpRequest, pk: int) -> HttpResponse:
    """Write the guidelines; htmx asks for a preview of what is typed."""
    campaign = monitoring.campaign_or_404(pk)
    form = GuidelinesForm(request.POST or None, initial={"guidelines": campaign.guidelines})
    if request.htmx and form.is_valid():  # type: ignore[attr-defined]
        return render(request, "raters/_guidelines.html", _guidelines(campaign, form.cleaned_data["guidelines"]))
    if form.is_bound and form.is_valid():
        try:
            services.change_campaign(campaign, by=request.user, guidelines=form.cleaned_data["guidelines"])
        except BadCampaign as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "The guidelines are saved.")
            return redirect("raters:campaign-guidelines", pk)
    return _guidelines_page(request, campaign, form, PictureForm())


@allow(Role.OPERATOR)
@require_POST
def campaign_picture_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Add an example picture."""
    campaign = monitoring.campaign_or_404(pk)
    form = PictureForm(request.POST, request.FILES)
    if form.is_valid():
        data = form.cleaned_data
        file = data["picture"]
        try:
            guidelines.add_picture(
                campaign, file, file.name, good=data["good"], caption=data["caption"], by=request.user
            )
        except BadCampaign as refusal:
            form.add_error("picture", str(refusal))
        else:
            messages.success(request, "The picture is added.")
            return redirect("raters:campaign-guidelines", pk)
    return _guidelines_page(request, campaign, GuidelinesForm(initial={"guidelines": campaign.guidelines}), form)


@allow(Role.OPERATOR)
@require_POST
def campaign_picture_remove(request: HttpRequest, pk: int, picture: int) -> HttpResponse:
    """Take an example picture out."""
    try:
        guidelines.remove_picture(monitoring.campaign_or_404(pk), picture, by=request.user)
    except BadCampaign as refusal:
        messages.error(request, str(refusal))
    return redirect("raters:campaign-guidelines", pk)


def _tell(request: HttpRequest, report: uploads.Report) -> None:
    if report.stopped_at is not None:
        messages.warning(
            request,
            f"The archive was read up to line {report.stopped_at} in {uploads.SECONDS:.0f} seconds. Upload it again:"
            " what is there already is passed over.",
        )
    for line, why in report.refused[:SHOWN]:
        messages.warning(request, f"Line {line}: {why}")
    if len(report.refused) > SHOWN:
        messages.warning(request, f"{len(report.refused) - SHOWN} more lines were refused.")


def _added(request: HttpRequest, campaign: Campaign, count: int) -> HttpResponse:
    if count:
        messages.success(request, f"{count} image{'s' * (count != 1)} added.")
    else:
        messages.warning(request, "Nothing was added: none fits that is not in the campaign already.")
    return redirect("raters:campaign-images", campaign.pk)


def _images_page(
    request: HttpRequest, campaign: Campaign, form: ChoiceForm, upload: UploadForm, *, count: int | None = None
) -> HttpResponse:
    makers = monitoring.images_by_method(campaign)
    context = {"campaign": campaign, "form": form, "upload": upload, "count": count, "makers": makers}
    return render(request, "raters/campaign_images.html", context, status=422 if form.errors or upload.errors else 200)


def _guidelines(campaign: Campaign, text: str) -> dict[str, Any]:
    return {"campaign": campaign, "guidelines": rendered(text), "pictures": campaign.guideline_pictures.all()}


def _guidelines_page(
    request: HttpRequest, campaign: Campaign, form: GuidelinesForm, picture_form: PictureForm
) -> HttpResponse:
    context = _guidelines(campaign, form["guidelines"].value() or "") | {"form": form, "picture_form": picture_form}
    status = 422 if form.errors or picture_form.errors else 200
    return render(request, "raters/campaign_guidelines.html", context, status=status)
