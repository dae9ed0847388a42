"""Every address of the site, by room."""

from django.contrib import admin
from django.urls import include, path

from vitrine import api_docs, health, metrics

handler400 = "vitrine.errors.bad_request"
handler403 = "vitrine.errors.permission_denied"
handler404 = "vitrine.errors.page_not_found"
handler500 = "vitrine.errors.server_error"
urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("demo/", include("vitrine.demo.urls")),
    path("", include("review.urls")),
    path("", include("catalog.urls")),
    path("", include("jobs.urls")),
    path("", include("generation.urls")),
    path("", include("raters.urls")),
    path("", include("ranking.urls")),
    path("api/schema/", api_docs.openapi, name="api-schema"),
    path("api/docs/", api_docs.api_page, name="api-docs"),
    path("account/", include("accounts.urls")),
    path("admin/", admin.site.urls),
]
