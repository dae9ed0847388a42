"""Rating's tables for operators, shown only: pages and commands change them, by services that keep counts right."""

from django.contrib import admin

from raters.models import (
    Assignment,
    Campaign,
    CampaignEvent,
    CampaignRater,
    Exclusion,
    GoldItem,
    QuestionSet,
    Rater,
    Rating,
    RatingChange,
    Ruling,
    Task,
    Verdict,
)
from vitrine.admin import OperatorModelAdmin


class RatingTableAdmin(OperatorModelAdmin):
    """Shown only, newest first."""

    read_only = True
    ordering = ("-id",)


@admin.register(Campaign)
class CampaignAdmin(RatingTableAdmin):
    list_display = ("name", "state", "question_set", "task_count", "raters_per_image", "vote", "origin", "created_at")
    list_select_related = ("question_set",)
    list_filter = ("state", "origin")
    search_fields = ("name",)


@admin.register(CampaignEvent)
class CampaignEventAdmin(RatingTableAdmin):
    list_display = ("campaign", "kind", "at", "by")
    list_select_related = ("campaign", "by")
    search_fields = ("kind",)


@admin.register(QuestionSet)
class QuestionSetAdmin(RatingTableAdmin):
    list_display = ("name", "version", "title", "frozen_at")
    search_fields = ("name",)


@admin.register(Rater)
class RaterAdmin(RatingTableAdmin):
    list_display = ("code", "user", "origin", "created_at")
    list_select_related = ("user",)
    list_filter = ("origin",)
    search_fields = ("=code",)


@admin.register(CampaignRater)
class CampaignRaterAdmin(RatingTableAdmin):
    list_display = ("campaign", "rater", "state", "ratings", "gold_ratings", "skips", "last_at")
    list_select_related = ("campaign", "rater")
    list_filter = ("state",)


@admin.register(Task)
class TaskAdmin(RatingTableAdmin):
    list_display = ("id", "campaign", "name", "state", "wanted", "held", "done", "reports")
    list_select_related = ("campaign",)
    list_filter = ("state",)
    search_fields = ("=name", "=picture_key")


@admin.register(Assignment)
class AssignmentAdmin(RatingTableAdmin):
    list_display = ("id", "campaign", "task", "rater", "state", "leased_at", "lease_until", "reason")
    list_select_related = ("campaign", "task", "rater")
    list_filter = ("state",)
    search_fields = ("=uuid",)


@admin.register(Rating)
class RatingAdmin(RatingTableAdmin):
    list_display = ("id", "campaign", "task", "rater", "accepted", "made_at", "withdrawn_at", "excluded", "origin")
    list_select_related = ("campaign", "task", "rater")
    list_filter = ("origin", "excluded", "gold")


@admin.register(RatingChange)
class RatingChangeAdmin(RatingTableAdmin):
    list_display = ("rating", "kind", "at", "by", "reason")
    list_select_related = ("rating", "by")
    list_filter = ("kind",)


@admin.register(Verdict)
class VerdictAdmin(RatingTableAdmin):
    list_display = ("task", "campaign", "ratings", "outcome", "by_question", "by_rater", "share", "final", "early")
    list_select_related = ("task", "campaign")
    list_filter = ("outcome", "final")


@admin.register(GoldItem)
class GoldItemAdmin(RatingTableAdmin):
    list_display = ("task", "campaign", "use", "created_at")
    list_select_related = ("task", "campaign")
    list_filter = ("use",)


@admin.register(Ruling)
class RulingAdmin(RatingTableAdmin):
    list_display = ("task", "outcome", "by", "at")
    list_select_related = ("task", "by")


@admin.register(Exclusion)
class ExclusionAdmin(RatingTableAdmin):
    list_display = ("campaign", "rater", "since", "reason", "by", "made_at", "lifted_at")
    list_select_related = ("campaign", "rater", "by")
