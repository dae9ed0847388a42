"""Generation in the operators' admin: to look at only, as every change goes through the services."""

from django.contrib import admin

from generation.models import Adapter, Batch, Candidate, Method, PhotoCaption, PhotoMask, Run, StageResult
from vitrine.admin import OperatorModelAdmin


class LookOnly(OperatorModelAdmin):
    """Rows that nobody writes by hand."""

    read_only = True
    list_select_related = False


@admin.register(Method)
class MethodAdmin(LookOnly):
    list_display = ["name", "version", "title", "frozen", "retired", "origin", "created_at"]
    list_filter = ["retired", "origin"]


@admin.register(Batch)
class BatchAdmin(LookOnly):
    list_display = ["id", "title", "method_id", "state", "total", "succeeded", "failed", "created_at"]
    list_filter = ["state"]


@admin.register(Run)
class RunAdmin(LookOnly):
    list_display = ["id", "product_id", "method_id", "seed", "state", "model_set", "candidate_count", "created_at"]
    list_filter = ["state"]


@admin.register(StageResult)
class StageResultAdmin(LookOnly):
    list_display = ["id", "stage", "state", "model_set", "seconds", "images", "fingerprint", "created_at"]
    list_filter = ["stage", "state"]


@admin.register(Candidate)
class CandidateAdmin(LookOnly):
    list_display = ["id", "run_id", "place", "picked", "score", "seed", "sha256"]
    list_filter = ["picked"]


@admin.register(Adapter)
class AdapterAdmin(LookOnly):
    list_display = ["id", "token", "rank", "steps", "bytes", "expires_at", "dropped_at"]


@admin.register(PhotoMask)
class PhotoMaskAdmin(LookOnly):
    list_display = ["id", "photo_id", "made_by_id", "created_at", "undone_at"]


@admin.register(PhotoCaption)
class PhotoCaptionAdmin(LookOnly):
    list_display = ["id", "photo_id", "template", "made_by_id", "created_at", "undone_at"]
