"""What people keep of what they saw: marks, notes, and pages under a name."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from generation.models import Candidate
from raters.models import Task
from review.models.counted import Item


class Mark(models.Model):
    """An image that somebody wants looked at once more. It is the image's, not a person's: one mark, seen by all.

    A generated image is marked as a candidate, in whatever campaigns it is; one that came from elsewhere as its task.
    """

    candidate = models.OneToOneField(Candidate, models.CASCADE, null=True, blank=True, related_name="+")
    task = models.OneToOneField(Task, models.CASCADE, null=True, blank=True, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(candidate__isnull=True, task__isnull=False) | Q(candidate__isnull=False, task__isnull=True),
                name="mark_is_of_one_image",
            ),
        ]

    def __str__(self) -> str:
        return f"Mark on {f'candidate #{self.candidate_id}' if self.candidate_id else f'task #{self.task_id}'}"


class Note(models.Model):
    """What somebody wrote of a product or an image, as plain text. Removed ones stay, so that removing can be undone.

    It is about one of: an item, a candidate, or the task of an image that came from elsewhere.
    """

    item = models.ForeignKey(Item, models.CASCADE, null=True, blank=True, related_name="notes")
    candidate = models.ForeignKey(Candidate, models.CASCADE, null=True, blank=True, related_name="+")
    task = models.ForeignKey(Task, models.CASCADE, null=True, blank=True, related_name="+")
    text = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="note_says_something"),
            models.CheckConstraint(
                condition=Q(item__isnull=False, candidate__isnull=True, task__isnull=True)
                | Q(item__isnull=True, candidate__isnull=False, task__isnull=True)
                | Q(item__isnull=True, candidate__isnull=True, task__isnull=False),
                name="note_is_about_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return self.text


class SavedView(models.Model):
    """A page of review under a name: its path and its query. Removed ones stay a while, so that it can be undone."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    name = models.CharField(max_length=80)
    path = models.CharField(max_length=300)
    query = models.CharField(max_length=2000, blank=True)
    shared = models.BooleanField(default=False)
    saved_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "name"], condition=Q(removed_at=None), name="saved_view_name_once_an_owner"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="saved_view_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str:
        """What opens the page as it was saved."""
        return f"{self.path}?{self.query}" if self.query else self.path


class FirstView(models.Model):
    """The saved view that review opens with, for one user; their own or a shared one."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    view = models.ForeignKey(SavedView, models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"User #{self.user_id} begins with {self.view}"
