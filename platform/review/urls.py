"""The analysts' pages; today the page that greets each role."""

from django.urls import path

from . import views

urlpatterns = [path("", views.home, name="home")]
