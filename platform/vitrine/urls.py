"""Every address of the site, by room."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("review.urls")),
    path("", include("catalog.urls")),
    path("", include("jobs.urls")),
    path("account/", include("accounts.urls")),
    path("admin/", admin.site.urls),
]
