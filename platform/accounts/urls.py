"""Signing in and out, and one's own password."""

from django.contrib.auth import views as auth_views
from django.urls import path

from vitrine.access import allow_anyone, allow_signed_in

from . import views

app_name = "accounts"
urlpatterns = [
    path("login/", allow_anyone(auth_views.LoginView.as_view(template_name="accounts/login.html")), name="login"),
    path("logout/", allow_anyone(auth_views.LogoutView.as_view()), name="logout"),
    path("", views.account, name="account"),
    path("password/", allow_signed_in(views.PasswordChange.as_view()), name="password"),
]
