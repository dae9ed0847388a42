"""The analysts' pages, and the page that greets each role."""

from django.urls import include, path

from review import api
from review.views import comparisons, home, overview, tables
from review.wall_urls import wall_urls

review_urls = [
    path("review/", overview.overview, name="overview"),
    path("review/compare/", comparisons.compare, name="compare"),
    path("review/compare/<int:pk>/", comparisons.comparison, name="comparison"),
    path("review/tables/", tables.tables, name="tables"),
    path("review/tables/<slug:name>.<slug:ending>", tables.table_file, name="table-file"),
    path("review/<slug:name>.csv", overview.table, name="table"),
    path("api/review/overview/", api.OverviewApi.as_view(), name="api-overview"),
    path("api/review/<slug:name>.csv", api.TableApi.as_view(), name="api-table"),
]
urlpatterns = [path("", home.home, name="home"), path("", include(([*review_urls, *wall_urls], "review")))]
