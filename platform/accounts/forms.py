"""Signing in, and choosing a password."""

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from unfold.forms import AdminPasswordChangeForm as UnfoldPasswordForm
from unfold.forms import UserCreationForm as UnfoldCreationForm

from accounts.models import User


class LoginForm(AuthenticationForm):
    """Says the same whatever was wrong: an unknown name, a wrong password, an account that was closed."""

    error_messages = {
        "invalid_login": "This user name and password do not belong together. Mind capital letters, and try again.",
        "inactive": "This user name and password do not belong together. Mind capital letters, and try again.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "User name"


class OwnPasswordForm(PasswordChangeForm):
    """One's own new password, in the words of the rest of the site."""

    error_messages = {
        **PasswordChangeForm.error_messages,
        "password_incorrect": "That is not your present password. Mind capital letters, and try again.",
        "password_mismatch": "The two new passwords differ. Type the same one twice.",
    }

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._request = request
        self.fields["old_password"].label = "Present password"
        self.fields["new_password1"].label = "New password"
        self.fields[
            "new_password1"
        ].help_text = "At least 8 characters; not only digits, not a common password, and not close to your name."
        self.fields["new_password2"].label = "New password, once more"
        self.fields["new_password2"].help_text = ""

    def clean_old_password(self) -> str:
        """Check it as a sign-in does, so that who finds a browser signed in cannot guess on without end."""
        old: str = self.cleaned_data["old_password"]
        if authenticate(self._request, username=self.user.get_username(), password=old) is None:
            raise ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")
        return old

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if (new := self.cleaned_data.get("new_password1")) and new == self.cleaned_data.get("old_password"):
            self.add_error("new_password1", "That is your present password. Choose another one.")
        return cleaned

    def save(self, commit: bool = True) -> Any:
        self.user.password_is_temporary = False
        return super().save(commit)


class PersonCreationForm(UnfoldCreationForm):  # type: ignore[misc]
    """A new account, made by an operator with a password to be replaced at the first sign-in."""

    class Meta:
        model = User
        fields = ("username", "first_name", "last_name", "email", "groups")

    def save(self, commit: bool = True) -> Any:
        self.instance.password_is_temporary = True
        return super().save(commit)


class TemporaryPasswordForm(UnfoldPasswordForm):  # type: ignore[misc]
    """A temporary password for somebody else, set by an operator; that person's sessions end."""

    usable_password = None

    def save(self, commit: bool = True) -> Any:
        self.user.password_is_temporary = True
        return super().save(commit)


class TokenForm(forms.Form):
    """What a token is for, and how long it works."""

    name = forms.CharField(label="What is it for?", max_length=80)
    days = forms.IntegerField(
        label="Days", required=False, min_value=1, max_value=3650, help_text="Left empty, until you revoke it."
    )
