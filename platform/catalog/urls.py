"""The catalogue's addresses, by noun."""

from django.urls import URLPattern, path

from catalog.views import imports, media

app_name = "catalog"
media_urls = [path("media/<path:key>", media.media, name="media")]
import_urls = [
    path("imports/", imports.imports, name="imports"),
    path("imports/new/", imports.import_new, name="import-new"),
    path("imports/<int:pk>/", imports.import_detail, name="import"),
    path("imports/<int:pk>/refusals.csv", imports.import_refusals, name="import-refusals"),
]
urlpatterns: list[URLPattern] = [*media_urls, *import_urls]
