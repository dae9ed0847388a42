"""What a method asks for and a model set cannot give: known from both files, and told before any work."""

from dataclasses import replace

from generation.checkpoints.sets import ModelSet
from generation.fingerprints import roles_of
from generation.pipeline import BY_NAME
from generation.recipe import Recipe
from generation.training.tokens import refusal

EDITORS = ("flux2-klein",)  # families that draw from reference photos
OWN_SCHEDULER = ("flux2-klein",)  # families that flow, for which DDIM and DPM++ are not made
MULTIPLES = {"flux2-klein": 16}  # of pixels a side; every other family's is that of the recipe's own check


def within(recipe: Recipe, model_set: ModelSet) -> Recipe:
    """The recipe as that set can run it: a background swap needs no model, and is not measured where a set has none
    to measure with. Any other recipe is as it is."""
    lacks = [role for role in BY_NAME["measure"].roles if role not in model_set.entries]
    if recipe.generate.way != "background-swap" or not lacks:
        return recipe
    return replace(recipe, measure=None)


def misfits(recipe: Recipe, model_set: ModelSet) -> list[str]:
    """Why the recipe cannot be run with the set, a plain sentence for each reason; none where it can."""
    recipe = within(recipe, model_set)
    lacking = [role for role in roles_of(recipe) if role not in model_set.entries]
    if lacking:
        return [
            f"The model set {model_set.name} has no {', '.join(lacking)}, which this method needs; choose another"
            " set, or the method background-swap."
        ]
    if recipe.generate.way == "background-swap":
        return []
    base, served = model_set.entry("base").family, model_set.entry("served").family
    way, scheduler = recipe.generate.way, recipe.generate.scheduler
    told = []
    if way == "adapter" and base != served:
        told.append(
            f"Adapters of the {base} that the model set {model_set.name} trains do not fit the {served} that it serves;"
            " choose a set whose base and served are of one family."
        )
    if way == "reference-edit" and served not in EDITORS:
        told.append(
            f"generate.way = 'reference-edit' needs a served model that draws from photos ({', '.join(EDITORS)}), and"
            f" that of the model set {model_set.name} is {served}; choose another set or method."
        )
    if scheduler != "default" and served in OWN_SCHEDULER:
        told.append(f"generate.scheduler = '{scheduler}' is not for {served}, which has its own; set it to 'default'.")
    return told + _token(recipe) + _sizes(recipe, base, served)


def _token(recipe: Recipe) -> list[str]:
    """Why a token that the method gives will not do for any product; of some products its stage says so."""
    given = recipe.finetune.token if recipe.finetune else ""
    reason = refusal(given) if given else ""
    return [f"finetune.token: {reason[0].lower()}{reason[1:]}"] if reason else []


def _sizes(recipe: Recipe, base: str, served: str) -> list[str]:
    asked = {
        "finetune": (recipe.finetune.size if recipe.finetune else 0, base),
        "negatives": (recipe.negatives.size if recipe.negatives else 0, base),
        "generate": (recipe.generate.size, served),
    }
    return [
        f"{stage}.size = {size} does not divide by {multiple}, as {family} wants it; change it, or set it to 0."
        for stage, (size, family) in asked.items()
        if size % (multiple := MULTIPLES.get(family, 1))
    ]
