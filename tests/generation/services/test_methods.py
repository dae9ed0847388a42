"""The methods that come with Vitrine, and a person's: loaded again and again, never changed under a run."""

from pathlib import Path
from typing import Any

import pytest

from generation.exceptions import BadRecipe, NotPossible
from generation.models import Method
from generation.pipeline import stages_of
from generation.recipe import FinetuneConfig, Recipe, as_plain, differences
from generation.services import methods
from generation.services.methods import SHIPPED, change_method, load_shipped, make_method, named, read_file, retire
from tests.factories.generation import make_method as method_row
from tests.factories.generation import make_run

pytestmark = pytest.mark.django_db
NAMES = sorted(path.stem for path in SHIPPED.glob("*.toml"))
PAPER = read_file(SHIPPED / "paper-2503.08729.toml")[2]
RANK_16 = Recipe(finetune=FinetuneConfig(rank=16))


def shipped(folder: Path, text: str) -> list[Method]:
    (folder / "own.toml").write_text(text)
    return load_shipped(folder)


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_method_can_be_read(name: str) -> None:
    title, description, recipe = read_file(SHIPPED / f"{name}.toml")
    assert title
    assert description
    assert stages_of(recipe)


def test_the_papers_method_is_the_paper() -> None:
    assert PAPER.finetune is not None
    assert PAPER.negatives is not None
    assert (PAPER.finetune.rank, PAPER.finetune.prior_weight, PAPER.finetune.class_images) == (64, 0.0, 0)
    assert PAPER.negatives.positives_per_negative == 2
    assert Recipe() == PAPER, "what an ablation leaves out is the default"


ABLATIONS: dict[str, list[str]] = {
    "no-novel-views": ["novel_views"],
    "no-new-contexts": ["new_contexts"],
    "no-negatives": ["negatives"],
    "rank-1": ["finetune.rank", "finetune.steps"],
    "rank-16": ["finetune.rank"],
    "ratio-1-1": ["negatives.positives_per_negative"],
    "ratio-3-1": ["negatives.positives_per_negative"],
    "steps-700": ["finetune.steps"],
    "steps-1200": ["finetune.steps"],
    "steps-3000": ["finetune.steps"],
}


@pytest.mark.parametrize(("name", "changed"), ABLATIONS.items(), ids=ABLATIONS.keys())
def test_an_ablation_differs_from_the_paper_in_what_it_says(name: str, changed: list[str]) -> None:
    recipe = read_file(SHIPPED / f"ablation-{name}.toml")[2]
    assert {path.split(".")[0] if len(changed) == 1 and "." not in changed[0] else path
            for path, _, _ in differences(PAPER, recipe)} == set(changed)  # fmt: skip


def test_every_ablation_is_looked_at_here() -> None:
    assert {f"ablation-{name}" for name in ABLATIONS} == {name for name in NAMES if name.startswith("ablation-")}


def test_dreambooth_has_class_images_and_their_loss() -> None:
    recipe = read_file(SHIPPED / "dreambooth-lora.toml")[2]
    assert recipe.finetune is not None
    assert (recipe.finetune.class_images, recipe.finetune.prior_weight) == (200, 1.0)
    assert [stage.name for stage in stages_of(recipe)] == [
        "segment", "caption", "class_images", "finetune", "generate", "measure", "select",
    ]  # fmt: skip


def test_tier_0_trains_nothing_and_escalation_leads_to_the_paper() -> None:
    edit, escalate = (read_file(SHIPPED / f"{name}.toml")[2] for name in ("reference-edit", "escalate"))
    assert [stage.name for stage in stages_of(edit)] == ["segment", "generate", "measure", "select"]
    assert (escalate.next_tier, escalate.generate) == ("paper-2503.08729", edit.generate)


def test_loading_twice_changes_nothing() -> None:
    assert sorted(method.name for method in load_shipped()) == NAMES
    assert load_shipped() == []
    assert set(Method.objects.values_list("version", "origin", "frozen")) == {(1, "repo", False)}


def test_a_changed_file_changes_a_method_that_nobody_has_used(tmp_path: Path) -> None:
    shipped(tmp_path, 'title = "One"\n')
    shipped(tmp_path, 'title = "One"\n[finetune]\nrank = 16\n')
    method = Method.objects.get()
    assert method.parts == RANK_16
    assert method.version == 1


def test_a_changed_file_is_a_new_version_of_a_method_in_use(tmp_path: Path) -> None:
    Method.objects.filter(pk=shipped(tmp_path, 'title = "One"\n')[0].pk).update(frozen=True)
    shipped(tmp_path, 'title = "One"\n[finetune]\nrank = 16\n')
    assert [(row.version, row.parts == RANK_16) for row in Method.objects.order_by("version")] == [
        (1, False),
        (2, True),
    ]


def test_a_persons_method_of_the_name_is_left_alone(tmp_path: Path) -> None:
    mine = method_row("own", RANK_16)
    shipped(tmp_path, 'title = "One"\n')
    assert Method.objects.get(pk=mine.pk).parts == RANK_16
    assert named("own").version == 2


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("title = ", "own.toml is no valid TOML"),
        ("[segment]\n", "own.toml has no title"),
        ('title = "One"\n[finetune]\nrnak = 3\n', "own.toml: There is no parameter finetune.rnak"),
    ],
    ids=["no TOML", "no title", "a misspelt parameter"],
)
def test_a_bad_file_is_named(text: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match=sentence):
        shipped(tmp_path, text)
    assert not Method.objects.exists()


def test_a_person_makes_versions() -> None:
    first = make_method("mine", Recipe(), title="Mine")
    second = make_method("mine", RANK_16, title="Mine")
    assert (first.version, second.version) == (1, 2)
    assert make_method("mine", RANK_16, title="Mine") == second, "the same recipe again is no new version"
    assert second.recipe == as_plain(RANK_16)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a name with spaces": ({"name": "my method"}, "'my method' will not do"),
    "an empty name": ({"name": ""}, "will not do"),
    "no title": ({"title": " "}, "needs a title"),
    "a next tier that is none": ({"recipe": Recipe(next_tier="none-such")}, "no method 'none-such'"),
    "itself as the next tier": ({"recipe": Recipe(next_tier="mine")}, "would never end"),
}


@pytest.mark.parametrize(("fields", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_what_will_not_do_is_refused(fields: dict[str, Any], sentence: str) -> None:
    given: dict[str, Any] = {"name": "mine", "recipe": Recipe(), "title": "Mine"} | fields
    with pytest.raises(NotPossible, match=sentence):
        make_method(given.pop("name"), given.pop("recipe"), **given)


def test_tiers_may_not_go_in_a_circle() -> None:
    make_method("one", Recipe(), title="One")
    make_method("two", Recipe(next_tier="one"), title="Two")
    with pytest.raises(NotPossible, match=r"(one|two) leads back"):
        make_method("one", Recipe(next_tier="two"), title="One")


def test_an_unused_method_can_be_changed() -> None:
    method = make_method("mine", Recipe(), title="Mine")
    assert change_method(method, RANK_16, title="Mine, smaller").parts == RANK_16
    assert Method.objects.get().title == "Mine, smaller"


@pytest.mark.parametrize("fields", [{"frozen": True}, {"origin": "repo"}], ids=["used by a run", "came with Vitrine"])
def test_any_other_cannot(fields: dict[str, Any]) -> None:
    method = method_row("mine", **fields)
    make_run(method=method)
    with pytest.raises(NotPossible, match="new version"):
        change_method(method, RANK_16, title="Mine")
    assert Method.objects.get().parts == Recipe()


def test_methods_are_found_by_name_and_version() -> None:
    first, second = make_method("mine", Recipe(), title="Mine"), make_method("mine", RANK_16, title="Mine")
    assert named("mine") == second
    assert named("mine v1") == first
    assert methods.newest_of("none") is None
    for text in ("mine v7", "mine vx", "mine v²", "mine v" + "9" * 5000, "other"):
        with pytest.raises(NotPossible, match="there are: mine"):
            named(text)


def test_a_retired_method_can_be_offered_again() -> None:
    method = make_method("mine", Recipe(), title="Mine")
    retire(method)
    assert Method.objects.get().retired
    retire(method, False)
    assert not Method.objects.get().retired
