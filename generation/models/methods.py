"""A method: a recipe with a name and a version, never changed once a run has used it."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from generation.recipe import Recipe, kept_recipe


class Method(models.Model):
    """A named recipe. `recipe` is JSON with every parameter spelled out; `generation.recipe.kept_recipe` reads it."""

    class Origin(models.TextChoices):
        REPO = "repo", "Comes with Vitrine"
        PERSON = "person", "Made by a person"

    name = models.CharField(max_length=80)
    version = models.PositiveIntegerField(default=1)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    recipe = models.JSONField()
    frozen = models.BooleanField(default=False)  # a run has used it: a change is a new version
    origin = models.CharField(max_length=6, choices=Origin, default=Origin.PERSON)
    retired = models.BooleanField(default=False)  # not offered for new runs
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="method_unique_version"),
            models.CheckConstraint(condition=~Q(name="") & ~Q(title=""), name="method_has_a_name_and_title"),
            models.CheckConstraint(condition=Q(version__gt=0), name="method_version_from_1"),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"

    @property
    def parts(self) -> Recipe:
        """The recipe as dataclasses. Raises BadRecipe for one that this version of Vitrine cannot read."""
        return kept_recipe(self.recipe)
