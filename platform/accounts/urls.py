"""Signing in and out, and one's own password."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from vitrine.access import allow_anyone

from . import oidc, views

app_name = "accounts"
urlpatterns = [
    path("login/", views.Login.as_view(), name="login"),
    path("logout/", allow_anyone(LogoutView.as_view()), name="logout"),
    path("oidc/", oidc.begin, name="oidc"),
    path("oidc/end/", oidc.end, name="oidc-end"),
    path("", views.account, name="account"),
    path("tokens/", views.tokens, name="tokens"),
    path("tokens/<int:pk>/revoke/", views.token_revoke, name="token-revoke"),
    path("password/", views.PasswordChange.as_view(), name="password"),
]
