"""The addresses of rating, by who goes there."""

from django.urls import URLPattern, path

from raters.views import campaign_parts, campaigns, disputes, pictures, quality, question_sets, rating, room

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
    path("campaigns/<int:pk>/raters/", campaign_parts.campaign_raters, name="campaign-raters"),
    path("campaigns/<int:pk>/do/<slug:act>/", campaigns.campaign_move, name="campaign-move"),
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
urlpatterns: list[URLPattern] = [*rating_urls, *room_urls, *campaign_urls, *question_urls, *quality_urls]
