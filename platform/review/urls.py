"""The analysts' pages, and the page that greets each role."""

from django.urls import include, path

from review.api_urls import api_urls
from review.study_urls import study_urls
from review.views import comparisons, finding, home, overview, reports, saved, tables
from review.wall_urls import wall_urls

review_urls = [
    path("review/", overview.overview, name="overview"),
    path("review/compare/", comparisons.compare, name="compare"),
    path("review/compare/<int:pk>/", comparisons.comparison, name="comparison"),
    path("review/compare/<int:pk>/<slug:name>.<slug:ending>", comparisons.comparison_file, name="comparison-file"),
    path("review/reports/", reports.listed, name="reports"),
    path("review/reports/new/", reports.new, name="report-new"),
    path("review/reports/<int:pk>/", reports.report, name="report"),
    path("review/reports/<int:pk>/delete/", reports.delete, name="report-delete"),
    path("review/reports/<int:pk>/report.<slug:ending>", reports.report_file, name="report-file"),
    path("review/find/<slug:what>/", finding.find, name="find"),
    path("review/start/", saved.start, name="start"),
    path("review/views/", saved.views, name="views"),
    path("review/views/save/", saved.save, name="view-save"),
    path("review/views/<int:pk>/", saved.change, name="view-change"),
    path("review/views/<int:pk>/begin/", saved.begin, name="view-begin"),
    path("review/views/<int:pk>/remove/", saved.remove, name="view-remove"),
    path("review/views/<int:pk>/back/", saved.bring_back, name="view-back"),
    path("review/tables/", tables.tables, name="tables"),
    path("review/tables/<slug:name>.<slug:ending>", tables.table_file, name="table-file"),
    path("review/<slug:name>.csv", tables.table, {"ending": "csv"}, name="table"),
    path("review/<slug:name>.parquet", tables.table, {"ending": "parquet"}, name="table-parquet"),
]
urlpatterns = [
    path("", home.home, name="home"),
    path("", include(([*review_urls, *study_urls, *wall_urls, *api_urls], "review"))),
]
