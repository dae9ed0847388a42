"""The addresses of rating, by who goes there."""

from django.urls import URLPattern, path

from raters.api import campaigns as campaigns_api
from raters.api import guidelines as guidelines_api
from raters.api import imports as imports_api
from raters.api import members as members_api
from raters.api import quality as quality_api
from raters.api import rate as rate_api
from raters.api import setup as setup_api
from raters.api import tasks as tasks_api
from raters.api import webhooks as webhooks_api
from raters.views import (
    campaign_parts,
    campaigns,
    disputes,
    gold,
    imports,
    members,
    pictures,
    quality,
    question_sets,
    rating,
    reports,
    room,
    webhooks,
)

app_name = "raters"
# What the rating page calls and shows.
rating_urls = [
    path("rate/<int:campaign>/next", rating.next_task, name="next"),
    path("rate/<int:campaign>/submit", rating.submit, name="submit"),
    path("rate/<int:campaign>/draft", rating.draft, name="draft"),
    path("rate/<int:campaign>/skip", rating.skip, name="skip"),
    path("rate/<int:campaign>/report", rating.report, name="report"),
    path("rate/<int:campaign>/leave", rating.leave, name="leave"),
    path("rate/<int:campaign>/mine", rating.mine, name="mine"),
    path("rate/<int:campaign>/change", rating.change, name="change"),
    path("rate/<int:campaign>/withdraw", rating.withdraw, name="withdraw"),
    path("rate/pictures/<uuid:assignment>", pictures.picture, name="picture"),
    path("rate/photos/<uuid:subject>/<int:place>", pictures.photo, name="photo"),
]
room_urls = [
    path("rate/", room.rate_list, name="rate-list"),
    path("rate/<int:pk>/", room.rate, name="rate"),
    path("rate/<int:pk>/own/", room.rate_own, name="rate-own"),
]
campaign_urls = [
    path("campaigns/", campaigns.campaigns, name="campaigns"),
    path("campaigns/new/", campaigns.campaign_new, name="campaign-new"),
    path("campaigns/<int:pk>/", campaigns.campaign, name="campaign"),
    path("campaigns/<int:pk>/live/", campaigns.campaign_live, name="campaign-live"),
    path("campaigns/<int:pk>/edit/", campaigns.campaign_edit, name="campaign-edit"),
    path("campaigns/<int:pk>/images/", campaign_parts.campaign_images, name="campaign-images"),
    path("campaigns/<int:pk>/images/clear/", campaign_parts.campaign_images_clear, name="campaign-images-clear"),
    path("campaigns/<int:pk>/images/upload/", campaign_parts.campaign_images_upload, name="campaign-images-upload"),
    path("campaigns/<int:pk>/guidelines/", campaign_parts.campaign_guidelines, name="campaign-guidelines"),
    path("campaigns/<int:pk>/guidelines/pictures/", campaign_parts.campaign_picture_add, name="campaign-picture-add"),
    path(
        "campaigns/<int:pk>/guidelines/pictures/<int:picture>/remove/",
        campaign_parts.campaign_picture_remove,
        name="campaign-picture-remove",
    ),
    path("campaigns/<int:pk>/raters/", members.campaign_raters, name="campaign-raters"),
    path("campaigns/<int:pk>/raters/<int:rater>/block/", members.campaign_rater_block, name="campaign-rater-block"),
    path(
        "campaigns/<int:pk>/raters/<int:rater>/unblock/",
        members.campaign_rater_unblock,
        name="campaign-rater-unblock",
    ),
    path("campaigns/<int:pk>/reports/", reports.campaign_reports, name="campaign-reports"),
    path("campaigns/<int:pk>/reports/<int:task>/do/<slug:act>/", reports.report_act, name="report-act"),
    path("campaigns/<int:pk>/gold/", gold.gold_items, name="gold-items"),
    path("campaigns/<int:pk>/gold/<int:task>/", gold.gold_new, name="gold-new"),
    path("campaigns/<int:pk>/do/<slug:act>/", campaigns.campaign_move, name="campaign-move"),
]
import_urls = [
    path("campaigns/imports/", imports.imports, name="imports"),
    path("campaigns/imports/<int:pk>/", imports.ratings_import, name="import"),
    path("campaigns/imports/<int:pk>/do/<slug:act>/", imports.import_act, name="import-act"),
]
webhook_urls = [
    path("campaigns/webhooks/", webhooks.webhooks, name="webhooks"),
    path("campaigns/webhooks/<int:pk>/", webhooks.webhook, name="webhook"),
    path("campaigns/webhooks/<int:pk>/do/<slug:act>/", webhooks.webhook_act, name="webhook-act"),
]
question_urls = [
    path("questions/", question_sets.question_sets, name="question-sets"),
    path("questions/new/", question_sets.question_set_new, name="question-set-new"),
    path("questions/<int:pk>/", question_sets.question_set, name="question-set"),
    path("questions/<int:pk>/edit/", question_sets.question_set_edit, name="question-set-edit"),
]
quality_urls = [
    path("campaigns/<int:pk>/quality/", quality.quality, name="quality"),
    path("campaigns/<int:pk>/quality/compute/", quality.quality_compute, name="quality-compute"),
    path("campaigns/<int:pk>/quality/raters/<int:rater>/", quality.quality_rater, name="quality-rater"),
    path("campaigns/<int:pk>/quality/raters/<int:rater>/exclude/", quality.quality_exclude, name="quality-exclude"),
    path("campaigns/<int:pk>/quality/exclusions/<int:exclusion>/lift/", quality.quality_lift, name="quality-lift"),
    path("campaigns/<int:pk>/ratings.<slug:kind>", quality.ratings_file, name="ratings-file"),
    path("rate/mine.<slug:kind>", quality.own_ratings_file, name="own-ratings-file"),
    path("campaigns/<int:pk>/disputes/", disputes.disputes, name="disputes"),
    path("campaigns/<int:pk>/disputes/<int:task>/", disputes.dispute, name="dispute"),
    path("campaigns/<int:pk>/disputes/<int:task>/picture", disputes.dispute_picture, name="dispute-picture"),
    path("campaigns/<int:pk>/disputes/<int:task>/photos/<int:place>", disputes.dispute_photo, name="dispute-photo"),
    path("campaigns/<int:pk>/rulings/<int:ruling_id>/", disputes.ruling, name="ruling"),
]
campaign_api_urls = [
    path("api/campaigns/", campaigns_api.CampaignsApi.as_view(), name="api-campaigns"),
    path("api/campaigns/import/", imports_api.RatingsImportsApi.as_view(), name="api-imports"),
    path("api/campaigns/import/<int:pk>/", imports_api.RatingsImportApi.as_view(), name="api-import"),
    path(
        "api/campaigns/import/<int:pk>/do/<slug:act>/",
        imports_api.RatingsImportActApi.as_view(),
        name="api-import-act",
    ),
    path("api/campaigns/<int:pk>/", campaigns_api.CampaignApi.as_view(), name="api-campaign"),
    path("api/campaigns/<int:pk>/do/<slug:act>/", campaigns_api.CampaignActApi.as_view(), name="api-campaign-act"),
    path("api/campaigns/<int:pk>/events/", members_api.EventsApi.as_view(), name="api-events"),
    path("api/campaigns/<int:pk>/images/", setup_api.ImagesApi.as_view(), name="api-images"),
    path("api/campaigns/<int:pk>/images/upload/", setup_api.ImagesUploadApi.as_view(), name="api-images-upload"),
    path("api/campaigns/<int:pk>/tasks/", tasks_api.TasksApi.as_view(), name="api-tasks"),
    path("api/campaigns/<int:pk>/tasks/<int:task>/do/<slug:act>/", tasks_api.TaskActApi.as_view(), name="api-task-act"),
    path("api/campaigns/<int:pk>/tasks/<int:task>/picture", disputes.dispute_picture, name="api-task-picture"),
    path("api/campaigns/<int:pk>/tasks/<int:task>/photos/<int:place>", disputes.dispute_photo, name="api-task-photo"),
    path("api/campaigns/<int:pk>/gold/", tasks_api.GoldItemsApi.as_view(), name="api-gold"),
    path("api/campaigns/<int:pk>/gold/<int:item>/", tasks_api.GoldItemApi.as_view(), name="api-gold-item"),
    path("api/campaigns/<int:pk>/guidelines/", guidelines_api.GuidelinePicturesApi.as_view(), name="api-guidelines"),
    path(
        "api/campaigns/<int:pk>/guidelines/<int:picture>/",
        guidelines_api.GuidelinePictureApi.as_view(),
        name="api-guideline",
    ),
    path("api/campaigns/<int:campaign>/guidelines/<int:picture>/picture", pictures.example, name="api-example"),
    path("api/campaigns/<int:pk>/members/", members_api.MembersApi.as_view(), name="api-members"),
    path("api/campaigns/<int:pk>/raters/", quality_api.RatersApi.as_view(), name="api-raters"),
    path("api/campaigns/<int:pk>/raters/invite/", members_api.InviteApi.as_view(), name="api-invite"),
    path("api/campaigns/<int:pk>/raters/block/", members_api.BlockApi.as_view(), name="api-block"),
    path("api/campaigns/<int:pk>/raters/unblock/", members_api.UnblockApi.as_view(), name="api-unblock"),
    path("api/campaigns/<int:pk>/verdicts/", campaigns_api.VerdictsApi.as_view(), name="api-verdicts"),
    path("api/campaigns/<int:pk>/ratings.<slug:kind>", campaigns_api.RatingsFileApi.as_view(), name="api-ratings"),
    path("api/campaigns/<int:pk>/quality/", quality_api.QualityApi.as_view(), name="api-quality"),
    path("api/campaigns/<int:pk>/exclusions/", quality_api.ExclusionsApi.as_view(), name="api-exclusions"),
    path("api/campaigns/<int:pk>/exclusions/<int:exclusion>/lift/", quality_api.LiftApi.as_view(), name="api-lift"),
    path("api/campaigns/<int:pk>/disputes/", quality_api.DisputesApi.as_view(), name="api-disputes"),
    path("api/campaigns/<int:pk>/disputes/<int:task>/ruling/", quality_api.RulingsApi.as_view(), name="api-ruling"),
    path("api/question-sets/", setup_api.QuestionSetsApi.as_view(), name="api-question-sets"),
    path("api/question-sets/<int:pk>/", setup_api.QuestionSetApi.as_view(), name="api-question-set"),
]
api_urls = [
    path("api/webhooks/", webhooks_api.WebhooksApi.as_view(), name="api-webhooks"),
    path("api/webhooks/<int:pk>/", webhooks_api.WebhookApi.as_view(), name="api-webhook"),
    path("api/webhooks/<int:pk>/ping/", webhooks_api.PingApi.as_view(), name="api-ping"),
    path("api/webhooks/<int:pk>/deliveries/", webhooks_api.DeliveriesApi.as_view(), name="api-deliveries"),
    path("api/rate/mine.<slug:kind>", quality.own_ratings_file, name="api-own-ratings"),
    path("api/rate/", rate_api.RoomApi.as_view(), name="api-room"),
    path("api/rate/<int:campaign>/", rate_api.AskedApi.as_view(), name="api-asked"),
    path("api/rate/<int:campaign>/next/", rate_api.NextApi.as_view(), name="api-next"),
    path("api/rate/<int:campaign>/submit/", rate_api.SubmitApi.as_view(), name="api-submit"),
    path("api/rate/<int:campaign>/draft/", rate_api.DraftApi.as_view(), name="api-draft"),
    path("api/rate/<int:campaign>/skip/", rate_api.SkipApi.as_view(), name="api-skip"),
    path("api/rate/<int:campaign>/report/", rate_api.ReportApi.as_view(), name="api-report"),
    path("api/rate/<int:campaign>/leave/", rate_api.LeaveApi.as_view(), name="api-leave"),
    path("api/rate/<int:campaign>/change/", rate_api.ChangeApi.as_view(), name="api-change"),
    path("api/rate/<int:campaign>/withdraw/", rate_api.WithdrawApi.as_view(), name="api-withdraw"),
    path("api/rate/<int:campaign>/mine/", rate_api.MineApi.as_view(), name="api-mine"),
    # A token works under /api/ only: there stand the pictures, too.
    path("api/rate/pictures/<uuid:assignment>", pictures.picture, name="api-picture"),
    path("api/rate/photos/<uuid:subject>/<int:place>", pictures.photo, name="api-photo"),
]
urlpatterns: list[URLPattern] = [
    *rating_urls,
    *room_urls,
    *campaign_urls,
    *import_urls,
    *webhook_urls,
    *question_urls,
    *quality_urls,
    *campaign_api_urls,
    *api_urls,
]
