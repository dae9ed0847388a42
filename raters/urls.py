"""The addresses of rating, by who goes there."""

from django.urls import URLPattern, path

from raters.views import pictures, rating

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
urlpatterns: list[URLPattern] = [*rating_urls]
