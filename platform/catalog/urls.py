"""The catalogue's addresses, by noun."""

from django.urls import URLPattern, path

from catalog import api
from catalog.views import imports, media, photos, products, prompts

app_name = "catalog"
media_urls = [path("media/<path:key>", media.media, name="media")]
import_urls = [
    path("imports/", imports.imports, name="imports"),
    path("imports/new/", imports.import_new, name="import-new"),
    path("imports/<int:pk>/", imports.import_detail, name="import"),
    path("imports/<int:pk>/refusals.csv", imports.import_refusals, name="import-refusals"),
]
product_urls = [
    path("products/", products.products, name="products"),
    path("products/new/", products.product_new, name="product-new"),
    path("products/<int:pk>/", products.product, name="product"),
    path("products/<int:pk>/edit/", products.product_edit, name="product-edit"),
    path("products/<int:pk>/delete/", products.product_delete, name="product-delete"),
    path("products/<int:pk>/photos/", photos.photos, name="photos"),
    path("products/<int:pk>/photos/add/", photos.photo_add, name="photo-add"),
    path("products/<int:pk>/photos/order/", photos.photo_order, name="photo-order"),
    path("photos/<int:pk>/move/", photos.photo_move, name="photo-move"),
    path("photos/<int:pk>/remove/", photos.photo_remove, name="photo-remove"),
]
prompt_urls = [
    path("prompts/", prompts.prompts, name="prompts"),
    path("prompts/list/", prompts.prompt_list, name="prompt-list"),
    path("prompts/new/", prompts.prompt_new, name="prompt-new"),
    path("prompts/import/", prompts.prompt_import, name="prompt-import"),
    path("prompts/export.jsonl", prompts.prompt_export, name="prompt-export"),
    path("prompts/decide/", prompts.prompts_decide, name="prompts-decide"),
    path("prompts/<int:pk>/", prompts.prompt, name="prompt"),
    path("prompts/<int:pk>/edit/", prompts.prompt_edit, name="prompt-edit"),
    path("prompts/<int:pk>/decide/", prompts.prompt_decide, name="prompt-decide"),
]
api_urls = [
    path("api/products/", api.ProductsApi.as_view(), name="api-products"),
    path("api/products/<int:pk>/", api.ProductApi.as_view(), name="api-product"),
    path("api/products/<int:pk>/photos/", api.PhotosApi.as_view(), name="api-photos"),
    path("api/photos/<int:pk>/", api.PhotoApi.as_view(), name="api-photo"),
    path("api/product-types/", api.ProductTypesApi.as_view(), name="api-product-types"),
    path("api/prompts/", api.PromptsApi.as_view(), name="api-prompts"),
    path("api/prompts/<int:pk>/decision/", api.PromptDecisionApi.as_view(), name="api-prompt-decision"),
]
urlpatterns: list[URLPattern] = [*media_urls, *import_urls, *product_urls, *prompt_urls, *api_urls]
