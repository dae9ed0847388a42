"""The addresses of ranking."""

from django.urls import URLPattern, path

from ranking.api import picks as picks_api
from ranking.api import plans as plans_api
from ranking.api import rankers as rankers_api
from ranking.api import trials as trials_api
from ranking.views import panels, plans, rankers, training, trials

app_name = "ranking"
page_urls = [
    path("ranking/", rankers.rankers, name="rankers"),
    path("ranking/rollback/", rankers.rollback, name="rollback"),
    path("ranking/picks/edit/", rankers.policy_edit, name="policy-edit"),
    path("ranking/train/", training.train, name="train"),
    path("ranking/trainings/<int:pk>/", training.training, name="training"),
    path("ranking/trainings/<int:pk>/live/", training.training_live, name="training-live"),
    path("ranking/rate-next/", plans.rate_next, name="rate-next"),
    path("ranking/plans/<int:pk>/", plans.plan, name="plan"),
    path("ranking/plans/<int:pk>/campaign/", plans.plan_campaign, name="plan-campaign"),
    path("ranking/trials/<int:pk>/", trials.trial, name="trial"),
    path("ranking/trials/<int:pk>/end/", trials.trial_end, name="trial-end"),
    path("ranking/trials/<int:pk>/campaign/", trials.trial_campaign, name="trial-campaign"),
    path("ranking/notices/<int:pk>/close/", rankers.notice_close, name="notice-close"),
    path("ranking/<int:pk>/", rankers.ranker, name="ranker"),
    path("ranking/<int:pk>/promote/", rankers.ranker_promote, name="ranker-promote"),
    path("ranking/<int:pk>/do/<slug:act>/", rankers.ranker_do, name="ranker-do"),
]
panel_urls = [
    path("ranking/jobs/<int:pk>/", training.job_training, name="job-training"),
    path("ranking/products/<int:pk>/", panels.product_picks, name="product-picks"),
    path("ranking/candidates/<int:pk>/", panels.candidate_score, name="candidate-score"),
    path("ranking/candidates/<int:pk>/explain/", panels.candidate_explain, name="candidate-explain"),
]
api_urls = [
    path("api/rankers/", rankers_api.RankersApi.as_view(), name="api-rankers"),
    path("api/rankers/champion/", rankers_api.ChampionApi.as_view(), name="api-champion"),
    path("api/rankers/rollback/", rankers_api.RollbackApi.as_view(), name="api-rollback"),
    path("api/rankers/policy/", rankers_api.PolicyApi.as_view(), name="api-policy"),
    path("api/rankers/notices/", trials_api.NoticesApi.as_view(), name="api-notices"),
    path("api/rankers/notices/<int:pk>/close/", trials_api.NoticeCloseApi.as_view(), name="api-notice-close"),
    path("api/rankers/<int:pk>/", rankers_api.RankerApi.as_view(), name="api-ranker"),
    path("api/rankers/<int:pk>/promote/", rankers_api.PromoteApi.as_view(), name="api-promote"),
    path("api/rankers/<int:pk>/evaluate/", rankers_api.EvaluateApi.as_view(), name="api-evaluate"),
    path("api/rankers/<int:pk>/shadow/", rankers_api.ShadowApi.as_view(), name="api-shadow"),
    path("api/rankers/<int:pk>/files/<str:name>/", rankers_api.RankerFileApi.as_view(), name="api-ranker-file"),
    path("api/trainings/", rankers_api.TrainingsApi.as_view(), name="api-trainings"),
    path("api/trainings/<int:pk>/", rankers_api.TrainingApi.as_view(), name="api-training"),
    path("api/rating-plans/", plans_api.PlansApi.as_view(), name="api-plans"),
    path("api/rating-plans/<int:pk>/", plans_api.PlanApi.as_view(), name="api-plan"),
    path("api/rating-plans/<int:pk>/campaign/", plans_api.PlanCampaignApi.as_view(), name="api-plan-campaign"),
    path("api/products/<int:pk>/picks/", picks_api.PicksApi.as_view(), name="api-picks"),
    path("api/candidates/<int:pk>/scores/", picks_api.ScoresApi.as_view(), name="api-scores"),
    path("api/candidates/<int:pk>/explain/", picks_api.ExplainApi.as_view(), name="api-explain"),
    path("api/ranker-trials/", trials_api.TrialsApi.as_view(), name="api-trials"),
    path("api/ranker-trials/<int:pk>/", trials_api.TrialApi.as_view(), name="api-trial"),
    path("api/ranker-trials/<int:pk>/end/", trials_api.TrialEndApi.as_view(), name="api-trial-end"),
    path("api/ranker-trials/<int:pk>/campaign/", trials_api.TrialCampaignApi.as_view(), name="api-trial-campaign"),
]
urlpatterns: list[URLPattern] = [*page_urls, *panel_urls, *api_urls]
