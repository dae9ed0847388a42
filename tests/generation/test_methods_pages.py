"""Methods on pages: the list, comparing, the editor with its problems beside the fields, TOML in and out."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from generation.models import Method
from generation.recipe import Recipe, recipe_from, recipe_from_toml
from generation.recipe_text import as_toml, form_values
from generation.selectors.methods import compare, methods, neighbour_of, offered, reuse
from tests.factories.generation import make_method, make_run

pytestmark = pytest.mark.django_db
ClientFor = Callable[[User | None], Client]
NO_TRAINING = {
    "caption": False, "novel_views": False, "new_contexts": False, "negatives": False, "filter": False,
    "finetune": False, "generate": {"way": "reference-edit"},
}  # fmt: skip


@pytest.fixture
def client(client_for: ClientFor, operator: User) -> Client:
    return client_for(operator)


def posted(recipe: Recipe | None = None, **change: Any) -> dict[str, str]:
    """What a browser sends for a recipe, with changes by path ("finetune__rank")."""
    values = form_values(recipe or Recipe()) | {name.replace("__", "."): value for name, value in change.items()}
    sent = {name: "on" if value is True else value for name, value in values.items() if value is not False}
    words = {"name": "mugs-rank-16", "title": "Mugs", "description": ""}
    return words | {name: "" if value is None else str(value) for name, value in sent.items()}


def seen_on(client: Client, url: str) -> str:
    return seen_in(text(client, url))


def seen_in(page: str) -> str:
    return page.split('name="seen" value="')[1].partition('"')[0]


def text(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


class TestList:
    def test_shows_versions_runs_and_state(self, client: Client) -> None:
        used = make_method("used", frozen=True)
        make_method("used", version=2)
        make_method("old", retired=True)
        make_run(method=used)
        page = text(client, "/methods/")
        for part in (">used</a>", "v2", "in use", "not used yet", "retired", f"/runs/?method={used.pk}"):
            assert part in page

    def test_takes_few_queries(self, client: Client, django_assert_max_num_queries: Callable) -> None:
        for _ in range(20):
            make_run()
        with django_assert_max_num_queries(5):
            text(client, "/methods/")

    def test_without_any_the_way_in_is_named(self, client: Client) -> None:
        assert "manage.py methods load" in text(client, "/methods/")

    def test_the_newest_version_of_each_is_offered_the_papers_first_and_ablations_last(self) -> None:
        make_method("ablation-rank-1")
        make_method("background-swap")
        make_method("paper-2503.08729")
        newest = make_method("paper-2503.08729", version=2)
        make_method("gone", retired=True)
        assert [str(method) for method in offered()] == [str(newest), "background-swap v1", "ablation-rank-1 v1"]
        listed = list(dict.fromkeys(method.name for method in methods(with_retired=False)))
        assert listed == [newest.name, "background-swap", "ablation-rank-1"]


class TestCompare:
    def test_a_stage_that_is_off_is_one_line(self) -> None:
        other = make_method(recipe=recipe_from({"novel_views": False, "finetune": {"sweep": False, "rank": 16}}))
        found = [(one.label, one.own, one.other) for one in compare(make_method(), other)]
        assert found == [
            ("New views", True, False), ("Fine-tune: Rank", 64, 16), ("Fine-tune: Token sweep", True, False),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ({}, []),
            ({"finetune": {"alpha": 8}}, [("Fine-tune: Alpha", None, 8.0)]),
            ({"finetune": {"sweep": {"steps": 7}}}, [("Fine-tune: Token sweep, steps", 100, 7)]),
            (
                {"finetune": {"early_stop": {}}, "next_tier": "x"},
                [("Fine-tune: Early stop", False, True), ("Next tier", "", "x")],
            ),
        ],
    )
    def test_names_what_differs(self, values: dict[str, Any], expected: list[Any]) -> None:
        other = make_method(recipe=recipe_from(values))
        assert [(one.label, one.own, one.other) for one in compare(make_method(), other)] == expected

    def test_without_training_no_parameter_of_training_is_named(self) -> None:
        labels = [one.label for one in compare(make_method(), make_method(recipe=recipe_from(NO_TRAINING)))]
        assert labels == ["Describe", "New views", "New contexts", "Negatives", "Filter", "Fine-tune", "Generate: Way"]

    @pytest.mark.parametrize(
        ("values", "anew"),
        [
            ({}, []),
            ({"select": {"top": 2}}, ["Select"]),
            ({"select": {"escalate_below": 2}}, []),
            ({"generate": {"steps": 7}}, ["Generate", "Measure", "Select"]),
            ({"finetune": {"rank": 8}}, ["Fine-tune", "Generate", "Measure", "Select"]),
            (
                {"caption": {"longest": 20}},
                ["Describe", "Negatives", "Filter", "Fine-tune", "Generate", "Measure", "Select"],
            ),
            (NO_TRAINING, ["Generate", "Measure", "Select"]),
        ],
    )  # fmt: skip
    def test_what_would_be_made_anew(self, values: dict[str, Any], anew: list[str]) -> None:
        found = reuse(make_method(recipe=recipe_from(values)), make_method())
        assert found.made_anew == anew
        assert ("Cut out" in found.shared) is True

    def test_the_page_says_what_is_shared(self, client: Client) -> None:
        paper = make_method("paper-2503.08729")
        page = text(client, f"/methods/{make_method(recipe=recipe_from({'select': {'top': 2}})).pk}/")
        assert f"ran through {paper} with the same seed and models, Cut out, Describe" in page
        assert "are shared, and Select is made anew." in page

    def test_the_version_before_is_the_neighbour_else_the_papers(self) -> None:
        paper, first = make_method("paper-2503.08729"), make_method("mine")
        second = make_method("mine", version=2)
        assert neighbour_of(second) == first
        assert neighbour_of(first) == paper
        assert neighbour_of(paper) is None

    def test_the_page_compares_with_whichever_is_asked(self, client: Client) -> None:
        method, other = make_method(), make_method(recipe=recipe_from({"finetune": {"rank": 16}}))
        page = text(client, f"/methods/{method.pk}/?with={other.pk}")
        assert f'<option value="{other.pk}" selected>' in page
        assert "Fine-tune: Rank" in page
        assert "Choose a method to compare it with." in text(client, f"/methods/{other.pk}/")

    def test_alone_it_cannot_be_compared(self, client: Client) -> None:
        assert "There is no other method" in text(client, f"/methods/{make_method().pk}/")


class TestPage:
    def test_shows_every_parameter(self, client: Client) -> None:
        page = text(client, f"/methods/{make_method().pk}/")
        for part in ("New views", "Rank</dt><dd>64", "Least CLIP-I", "<dd>off</dd>", "<dd>none</dd>", "recipe-strip"):
            assert part in page

    def test_a_stage_that_is_off_is_crossed_out(self, client: Client) -> None:
        page = text(client, f"/methods/{make_method(recipe=recipe_from(NO_TRAINING)).pk}/")
        assert page.count('class="off"') == 7

    def test_one_that_cannot_be_read_any_more_says_so(self, client: Client) -> None:
        method = make_method()
        Method.objects.filter(pk=method.pk).update(recipe={"finetune": {"magic": 1}})
        page = text(client, f"/methods/{method.pk}/")
        assert "There is no parameter finetune.magic." in page

    @pytest.mark.parametrize("end", ["edit/", "recipe.toml"])
    def test_one_that_cannot_be_read_any_more_leads_to_the_page_that_says_so(self, client: Client, end: str) -> None:
        method = make_method("old")
        Method.objects.filter(pk=method.pk).update(recipe={"finetune": {"rank": 0}})
        for url in (f"/methods/{method.pk}/{end}", f"/methods/new/?from={method.pk}"):
            response = client.get(url)
            assert (response.status_code, response.headers.get("Location")) == (302, f"/methods/{method.pk}/")

    def test_an_analyst_sees_no_button_that_would_be_refused(self, client_for: ClientFor, analyst: User) -> None:
        page = text(client_for(analyst), f"/methods/{make_method().pk}/")
        assert "Download TOML" in page
        assert "/edit/" not in page
        assert "Retire" not in page

    def test_the_file_is_read_back_equal(self, client: Client) -> None:
        method = make_method("mine", recipe_from(NO_TRAINING))
        response = client.get(f"/methods/{method.pk}/recipe.toml")
        assert recipe_from_toml(response.content.decode()) == method.parts
        assert 'filename="mine-v1.toml"' in response.headers["Content-Disposition"]


class TestEditor:
    def test_makes_a_method(self, client: Client, operator: User) -> None:
        response = client.post("/methods/new/", posted(finetune__rank=16, novel_views__views=3))
        method = Method.objects.get()
        assert response.headers["Location"] == f"/methods/{method.pk}/"
        assert (method.name, method.version, method.made_by) == ("mugs-rank-16", 1, operator)
        recipe = method.parts
        assert recipe.finetune is not None
        assert recipe.novel_views is not None
        assert (recipe.finetune.rank, recipe.novel_views.views) == (16, 3)

    def test_turns_stages_off(self, client: Client) -> None:
        sent = posted(**{"novel_views.on": False, "finetune.sweep.on": False})
        client.post("/methods/new/", sent)
        recipe = Method.objects.get().parts
        assert recipe.novel_views is None
        assert recipe.finetune is not None
        assert recipe.finetune.sweep is None

    @pytest.mark.parametrize(
        ("change", "beside", "sentence"),
        [
            ({"finetune__rank": "many"}, "finetune_rank", "Input should be a valid integer"),
            ({"finetune__rank": "0"}, "finetune_rank", "Input should be greater than or equal to 1"),
            ({"filter__least_iou": "1.5"}, "filter_least_iou", "Input should be less than or equal to 1"),
            ({"finetune__sweep__steps": ""}, "finetune_sweep_steps", "Input should be a valid integer"),
        ],
    )
    def test_a_problem_stands_beside_its_field_and_what_was_typed_stays(
        self, client: Client, change: dict[str, str], beside: str, sentence: str
    ) -> None:
        response = client.post("/methods/new/", posted(**change))
        page = response.content.decode()
        assert (response.status_code, Method.objects.count()) == (422, 0)
        field = page.split(f'id="id_{beside}"')[1].split("</div>")[0]
        assert sentence in field
        assert f'value="{next(iter(change.values()))}"' in field

    @pytest.mark.parametrize(
        ("change", "sentence"),
        [
            ({"filter.on": False}, "novel_views makes images that must be judged before training"),
            ({"caption.on": False}, "finetune trains on captions"),
            ({"next_tier": "nowhere"}, "There is no method &#x27;nowhere&#x27;"),
            ({"name": "Mugs!"}, "Use lower-case letters"),
            ({"title": ""}, "This field is required."),
        ],
    )
    def test_a_problem_of_the_whole_stands_on_top(self, client: Client, change: Any, sentence: str) -> None:
        sent = posted(**change) | ({key: change[key] for key in change if key in ("name", "title")})
        response = client.post("/methods/new/", sent)
        assert (response.status_code, Method.objects.count()) == (422, 0)
        assert sentence in response.content.decode()

    def test_a_name_that_is_taken_leads_to_the_method(self, client: Client) -> None:
        make_method("mugs-rank-16")
        response = client.post("/methods/new/", posted())
        assert response.status_code == 422
        assert "There is a method mugs-rank-16 already" in response.content.decode()

    def test_begins_from_another(self, client: Client) -> None:
        other = make_method(recipe=recipe_from({"finetune": {"rank": 7}}))
        assert 'name="finetune.rank" value="7"' in text(client, f"/methods/new/?from={other.pk}")

    def test_one_that_nobody_used_is_changed_in_place(self, client: Client) -> None:
        method = make_method("mine")
        client.post(f"/methods/{method.pk}/edit/", posted(finetune__rank=16))
        assert Method.objects.get().parts.finetune.rank == 16  # type: ignore[union-attr]

    @pytest.mark.parametrize("fields", [{"frozen": True}, {"origin": "repo"}])
    def test_one_in_use_gets_a_new_version(self, client: Client, fields: dict[str, Any]) -> None:
        method = make_method("mine", **fields)
        page = text(client, f"/methods/{method.pk}/edit/")
        assert "this becomes version 2" in page
        client.post(f"/methods/{method.pk}/edit/", posted(finetune__rank=16))
        assert [row.version for row in Method.objects.filter(name="mine")] == [2, 1]
        method.refresh_from_db()
        assert method.parts.finetune.rank == 64  # type: ignore[union-attr]

    def test_of_two_at_once_the_second_is_told_and_may_save_once_more(self, client: Client) -> None:
        method = make_method("mine")
        url = f"/methods/{method.pk}/edit/"
        seen = seen_on(client, url)
        client.post(url, posted(finetune__rank=16) | {"seen": seen})
        response = client.post(url, posted(generate__candidates=13) | {"seen": seen})
        page = response.content.decode()
        assert (response.status_code, Method.objects.get().parts.finetune.rank) == (422, 16)  # type: ignore[union-attr]
        assert "Somebody changed mine v1 since you opened this page" in page
        assert 'name="generate.candidates" value="13"' in page
        client.post(url, posted(generate__candidates=13) | {"seen": seen_in(page)})
        assert Method.objects.get().parts.generate.candidates == 13

    def test_a_version_that_came_meanwhile_is_told(self, client: Client) -> None:
        url = f"/methods/{make_method('mine', frozen=True).pk}/edit/"
        seen = seen_on(client, url)
        client.post(url, posted(finetune__rank=16) | {"seen": seen})
        response = client.post(url, posted(finetune__rank=8) | {"seen": seen})
        page = response.content.decode()
        assert (response.status_code, Method.objects.count()) == (422, 2)
        assert "Somebody made version 2 of mine since you opened this page" in page
        client.post(url, posted(finetune__rank=8) | {"seen": seen_in(page)})
        assert [row.version for row in Method.objects.filter(name="mine")] == [3, 2, 1]

    def test_a_slip_of_the_second_hides_nothing_from_him(self, client: Client) -> None:
        method = make_method("mine")
        url = f"/methods/{method.pk}/edit/"
        seen = seen_on(client, url)
        client.post(url, posted(finetune__rank=16) | {"seen": seen})
        slip = client.post(url, posted(finetune__rank="many") | {"seen": seen}).content.decode()
        page = client.post(url, posted(finetune__rank=8) | {"seen": seen_in(slip)}).content.decode()
        assert "Somebody changed mine v1 since you opened this page" in page
        assert Method.objects.get().parts.finetune.rank == 16  # type: ignore[union-attr]

    def test_the_same_parameters_are_no_new_version(self, client: Client) -> None:
        method = make_method("mine", frozen=True)
        response = client.post(f"/methods/{method.pk}/edit/", posted() | {"title": "Another title"})
        assert (response.status_code, Method.objects.count()) == (422, 1)
        assert "mine v1 has these very parameters" in response.content.decode()

    def test_small_numbers_are_shown_in_full(self, client: Client) -> None:
        recipe = recipe_from({"finetune": {"learning_rate": 0.00002}})
        assert 'value="0.00002"' in text(client, f"/methods/{make_method(recipe=recipe).pk}/edit/")

    def test_retired_and_offered_again(self, client: Client) -> None:
        method = make_method()
        for retired in (True, False):
            client.post(f"/methods/{method.pk}/retire/")
            method.refresh_from_db()
            assert method.retired is retired


class TestUpload:
    def send(self, client: Client, content: bytes, **words: str) -> Any:
        file = SimpleUploadedFile("recipe.toml", content)
        return client.post("/methods/upload/", {"name": "mine", "title": "Mine", "file": file} | words)

    def test_makes_a_method_and_then_versions(self, client: Client) -> None:
        assert self.send(client, as_toml(Recipe()).encode()).status_code == 302
        self.send(client, b"[finetune]\nrank = 8\n")
        assert [row.version for row in Method.objects.all()] == [2, 1]

    def test_a_file_of_windows_notepad_is_read(self, client: Client) -> None:
        self.send(client, b"\xef\xbb\xbf[finetune]\nrank = 8\n")
        assert Method.objects.get().parts.finetune.rank == 8  # type: ignore[union-attr]

    def test_the_same_recipe_again_says_that_it_is_there(self, client: Client) -> None:
        for _ in range(2):
            response = self.send(client, b"[finetune]\nrank = 8\n")
        assert Method.objects.count() == 1
        assert "mine v1 has these very parameters already" in text(client, response.headers["Location"])

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            (b"[finetune\n", "This is no valid TOML"),
            (b"[finetune]\nrank = 0\n", "finetune.rank: input should be greater than or equal to 1"),
            (b"\xff\xfe", "is no text in UTF-8"),
            (b"#" * 200_001, "a recipe has a few thousand"),
        ],
    )
    def test_a_file_that_does_not_fit_is_told_why(self, client: Client, content: bytes, sentence: str) -> None:
        response = self.send(client, content)
        assert (response.status_code, Method.objects.count()) == (422, 0)
        assert sentence in response.content.decode()


@pytest.mark.parametrize("url", ["/methods/999999/", "/methods/999999/edit/", "/methods/999999/recipe.toml"])
def test_an_id_that_is_nobodys_is_not_found(client: Client, url: str) -> None:
    assert client.get(url).status_code == 404
