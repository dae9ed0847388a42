"""The demonstration's page and its tour; a 404 wherever it is not shown."""

from django.urls import path

from vitrine.demo import views

app_name = "demo"
urlpatterns = [path("", views.progress, name="progress"), path("tour/", views.tour_act, name="tour")]
