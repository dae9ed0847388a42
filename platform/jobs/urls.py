"""Addresses of the jobs' pages and API."""

from django.urls import path, register_converter
from django.urls.converters import IntConverter

from jobs import api, views


class JobIdConverter(IntConverter):
    """A whole number that a 64-bit column can hold: a longer one is no address, not a database error."""

    regex = "[0-9]{1,18}"


register_converter(JobIdConverter, "job")

app_name = "jobs"
urlpatterns = [
    path("jobs/", views.job_list, name="list"),
    path("jobs/by-key/<path:key>/panel/", views.panel_by_key, name="panel-by-key"),
    path("jobs/<job:job_id>/", views.detail, name="detail"),
    path("jobs/<job:job_id>/cancel/", views.cancel, name="cancel"),
    path("jobs/<job:job_id>/retry/", views.retry, name="retry"),
    path("jobs/<job:job_id>/release/", views.release, name="release"),
    path("api/jobs/", api.JobListApi.as_view(), name="api-list"),
    path("api/jobs/<job:job_id>/", api.JobApi.as_view(), name="api-detail"),
    path("api/jobs/<job:job_id>/cancel/", api.JobCancelApi.as_view(), name="api-cancel"),
    path("api/jobs/<job:job_id>/retry/", api.JobRetryApi.as_view(), name="api-retry"),
]
