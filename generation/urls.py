"""The addresses of generation, by noun."""

from django.urls import URLPattern, path

from generation import api, api_costs, api_photos, api_results
from generation.views import adapters, backgrounds, batches, candidates, cutouts, methods, products, runs

app_name = "generation"
product_urls = [
    path("products/<int:pk>/generate/", products.generate, name="generate"),
    path("products/<int:pk>/runs/", products.product_runs, name="product-runs"),
    path("products/<int:pk>/cutouts/", products.product_photos, name="product-photos"),
]
photo_urls = [
    path("photos/<int:pk>/cutout/", cutouts.cutout, name="cutout"),
    path("photos/<int:pk>/cutout/prepare/", cutouts.cutout_prepare, name="cutout-prepare"),
    path("photos/<int:pk>/cutout/cut/", cutouts.cutout_cut, name="cutout-cut"),
    path("photos/<int:pk>/cutout/cut/<int:job_id>/", cutouts.cutout_answer, name="cutout-answer"),
    path("photos/<int:pk>/cutout/save/", cutouts.cutout_save, name="cutout-save"),
    path("photos/<int:pk>/cutout/automatic/", cutouts.cutout_automatic, name="cutout-automatic"),
    path("photos/<int:pk>/caption/", cutouts.caption_save, name="caption-save"),
]
run_urls = [
    path("runs/", runs.run_list, name="runs"),
    path("runs/<int:pk>/", runs.run, name="run"),
    path("runs/<int:pk>/live/", runs.run_live, name="run-live"),
    path("runs/<int:pk>/stages/<int:tier>/<slug:stage>/", runs.run_stage, name="run-stage"),
    path("runs/<int:pk>/candidates/<int:tier>/", runs.run_candidates, name="run-candidates"),
    path("runs/<int:pk>/<slug:act>/", runs.run_change, name="run-change"),
    path("trainings/<int:pk>/", runs.job_training, name="job-training"),
    path("adapters/<int:pk>/download/", adapters.adapter_download, name="adapter-download"),
    path("stage-results/<int:pk>/pictures/", runs.stage_pictures, name="stage-pictures"),
    path("candidates/<int:pk>/", candidates.candidate, name="candidate"),
    path("candidates/<int:pk>/download/", candidates.candidate_download, name="candidate-download"),
]
batch_urls = [
    path("batches/", batches.batches, name="batches"),
    path("batches/new/", batches.batch_new, name="batch-new"),
    path("batches/<int:pk>/", batches.batch, name="batch"),
    path("batches/<int:pk>/live/", batches.batch_live, name="batch-live"),
    path("batches/<int:pk>/<slug:act>/", batches.batch_change, name="batch-change"),
]
method_urls = [
    path("methods/", methods.methods, name="methods"),
    path("methods/new/", methods.method_new, name="method-new"),
    path("methods/upload/", methods.method_upload, name="method-upload"),
    path("methods/<int:pk>/", methods.method, name="method"),
    path("methods/<int:pk>/edit/", methods.method_edit, name="method-edit"),
    path("methods/<int:pk>/retire/", methods.method_retire, name="method-retire"),
    path("methods/<int:pk>/recipe.toml", methods.method_toml, name="method-toml"),
]
background_urls = [
    path("backgrounds/", backgrounds.backgrounds, name="backgrounds"),
    path("backgrounds/add/", backgrounds.background_add, name="background-add"),
    path("backgrounds/<str:name>/picture/", backgrounds.background_picture, name="background-picture"),
    path("backgrounds/<str:name>/remove/", backgrounds.background_remove, name="background-remove"),
    path("backgrounds/<str:name>/restore/", backgrounds.background_restore, name="background-restore"),
]
api_urls = [
    path("api/runs/", api.RunsApi.as_view(), name="api-runs"),
    path("api/runs/<int:pk>/", api.RunApi.as_view(), name="api-run"),
    path("api/runs/<int:pk>/candidates/", api.CandidatesApi.as_view(), name="api-candidates"),
    path("api/runs/<int:pk>/pictures/", api_results.StagePicturesApi.as_view(), name="api-pictures"),
    path("api/runs/<int:pk>/adapter/", api_results.AdapterApi.as_view(), name="api-adapter"),
    path("api/candidates/<int:pk>/", api_results.CandidateApi.as_view(), name="api-candidate"),
    path("api/products/<int:pk>/cost/", api_costs.ProductCostApi.as_view(), name="api-product-cost"),
    path("api/products/<int:pk>/cutouts/", api_photos.CutoutsApi.as_view(), name="api-cutouts"),
    path("api/photos/<int:pk>/mask/", api_photos.MaskApi.as_view(), name="api-mask"),
    path("api/photos/<int:pk>/mask/ask/", api_photos.MaskAskApi.as_view(), name="api-mask-ask"),
    path("api/photos/<int:pk>/mask/ask/<int:job_id>/", api_photos.MaskAnswerApi.as_view(), name="api-mask-answer"),
    path("api/photos/<int:pk>/caption/", api_photos.CaptionApi.as_view(), name="api-caption"),
    path("api/runs/<int:pk>/<slug:act>/", api.RunActApi.as_view(), name="api-run-act"),
    path("api/batches/", api.BatchesApi.as_view(), name="api-batches"),
    path("api/batches/<int:pk>/", api.BatchApi.as_view(), name="api-batch"),
    path("api/batches/<int:pk>/cost/", api_costs.BatchCostApi.as_view(), name="api-batch-cost"),
    path("api/batches/<int:pk>/<slug:act>/", api.BatchActApi.as_view(), name="api-batch-act"),
    path("api/methods/", api.MethodsApi.as_view(), name="api-methods"),
    path("api/methods/<int:pk>/", api.MethodApi.as_view(), name="api-method"),
    path("api/methods/<int:pk>/cost/", api_costs.MethodCostApi.as_view(), name="api-method-cost"),
]
urlpatterns: list[URLPattern] = [
    *product_urls, *photo_urls, *run_urls, *batch_urls, *method_urls, *background_urls, *api_urls,
]  # fmt: skip
