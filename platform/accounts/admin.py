"""People and failed sign-ins, for operators.

An operator makes accounts, gives roles, closes accounts and sets temporary passwords. Superusers, made on the command
line, are out of an operator's sight, and nothing here writes `is_superuser`, `is_staff` or single permissions.
"""

from typing import Any

from axes.models import AccessAttempt
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from accounts.forms import PersonCreationForm, TemporaryPasswordForm
from accounts.models import Identity, User
from vitrine.access import Role
from vitrine.admin import OperatorModelAdmin

_PERSON = ("username", "first_name", "last_name", "email")


@admin.register(User)
class PersonAdmin(UserAdmin, OperatorModelAdmin):  # type: ignore[type-arg,misc]
    """Accounts and their roles. Accounts are closed, not deleted: what people did here keeps their name."""

    form = OperatorModelAdmin.form
    add_form = PersonCreationForm
    change_password_form = TemporaryPasswordForm
    add_form_template = None
    fieldsets = (
        (None, {"fields": (*_PERSON, "new_password")}),
        ("What they may do", {"fields": ("is_active", "groups")}),
        ("When", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": (*_PERSON, "groups", "password1", "password2")}),)
    list_display = ("username", "full_name", "role_names", "is_active", "last_login")
    list_filter = ("is_active", "groups")
    search_fields = _PERSON
    ordering = ("username",)
    readonly_fields = ("new_password", "last_login", "date_joined")
    filter_horizontal = ()
    list_select_related = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        people: QuerySet[User] = super().get_queryset(request).prefetch_related("groups")
        return people if request.user.is_superuser else people.filter(is_superuser=False)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Nobody closes their own account or drops their own role: the last operator would lock everyone out."""
        own = ("is_active", "groups") if obj is not None and obj.pk == request.user.pk else ()
        return (*self.readonly_fields, *own)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # The list hides superusers already; the page for a new password looks its person up another way.
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name != "groups":
            return super().formfield_for_manytomany(db_field, request, **kwargs)
        roles = Group.objects.filter(name__in=Role.values).order_by("name")
        return db_field.formfield(
            queryset=roles,
            label="Roles",
            required=False,
            help_text="Without a role a person can sign in and see nothing.",
            widget=UnfoldAdminCheckboxSelectMultipleWidget,
        )

    @admin.display(description="Password")
    def new_password(self, person: User) -> str:
        page = reverse("admin:auth_user_password_change", args=[person.pk])
        return format_html('<a class="underline" href="{}">Set a temporary password</a>', page)

    @admin.display(description="Name")
    def full_name(self, person: User) -> str:
        return person.get_full_name()

    @admin.display(description="Roles")
    def role_names(self, person: User) -> str:
        return ", ".join(sorted(group.name for group in person.groups.all()))


@admin.register(Identity)
class IdentityAdmin(OperatorModelAdmin):
    """Who signs in with which account of an organisation: shown, and taken away where it is the wrong one."""

    list_display = ("user", "subject", "issuer", "created_at")
    list_filter = ("issuer",)
    list_select_related = ("user",)
    search_fields = ("user__username", "subject")
    ordering = ("-created_at",)
    fields = ("user", "subject", "issuer", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Identity]:
        found: QuerySet[Identity] = super().get_queryset(request)
        return found if request.user.is_superuser else found.filter(user__is_superuser=False)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(AccessAttempt)
class FailedSignInAdmin(OperatorModelAdmin):
    """Failed sign-ins of the last minutes, and the way to let somebody try again before their time is up."""

    read_only = True
    list_display = ("username", "ip_address", "failures_since_start", "attempt_time")
    search_fields = ("username", "ip_address")
    ordering = ("-attempt_time",)
    fields = ("username", "ip_address", "failures_since_start", "attempt_time", "user_agent")
    actions = ("unlock",)

    @admin.action(description="Let them try again now")
    def unlock(self, request: HttpRequest, attempts: QuerySet[AccessAttempt]) -> None:
        """Forget the chosen failures, so that neither the name nor the address waits for them any longer."""
        count = attempts.delete()[0]
        messages.success(request, f"Forgotten: {count} rows of failed sign-ins.")
