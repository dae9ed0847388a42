"""Jobs in the operators' admin: to look at only, as every change goes through jobs.services."""

from django.contrib import admin

from jobs.models import Job
from vitrine.admin import OperatorModelAdmin


@admin.register(Job)
class JobAdmin(OperatorModelAdmin):
    """The raw rows."""

    read_only = True
    list_display = ["id", "kind", "subject", "queue", "state", "fence", "worker", "created_at"]
    list_filter = ["state", "queue"]
    list_select_related = False
