"""Who may call what: the rule on each view, and a table of every address of the site."""

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import URLPattern, URLResolver, get_resolver, path, reverse
from django.views import View
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from tests.factories.accounts import make_user
from tests.vitrine.addresses import ADDRESSES, PEOPLE, Address
from vitrine.access import Role, allow, allow_anyone, allow_signed_in, roles_of, rule_of

ClientFor = Callable[[User | None], Client]


# --- the table ------------------------------------------------------------------------------------------------------


def patterns(resolver: URLResolver, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every pattern below a resolver with its full name, "admin:index"; unnamed ones as their route."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry, f"{namespace}{entry.namespace}:" if entry.namespace else namespace)
        else:
            yield f"{namespace}{entry.name or entry.pattern}", entry


ALL_NAMES = sorted({name for name, _ in patterns(get_resolver())})


def test_every_address_is_in_the_table() -> None:
    missing = sorted(set(ALL_NAMES) - set(ADDRESSES))
    assert not missing, f"Say in tests/vitrine/addresses.py who may see: {', '.join(missing)}"


def test_the_table_names_nothing_that_is_gone() -> None:
    gone = sorted(set(ADDRESSES) - set(ALL_NAMES))
    assert not gone, f"Take out of tests/vitrine/addresses.py: {', '.join(gone)}"


@pytest.mark.parametrize("name", ALL_NAMES)
def test_every_view_carries_a_rule(name: str) -> None:
    views = [entry.callback for found, entry in patterns(get_resolver()) if found == name]
    assert all(rule_of(view) for view in views), f"{name} names no role: decorate it with vitrine.access.allow"


@pytest.mark.parametrize("name", sorted(ADDRESSES))
def test_who_may_see_it(client_for: ClientFor, db: None, name: str) -> None:
    address = ADDRESSES[name]
    for who in PEOPLE:
        roles = [] if who in ("visitor", "nobody") else [Role(who)]
        client = client_for(None if who == "visitor" else make_user(*roles))
        response = client.get(location(name, address))
        if response.streaming:  # reading a photo to its end closes its file
            b"".join(response.streaming_content)
        if who in address.people:
            expected = response.status_code in address.statuses
        elif who == "visitor":
            expected = refused_visitor(response)
        else:
            expected = response.status_code == 403
        assert expected, f"{who} got {response.status_code} from {name}"


def refused_visitor(response: HttpResponse) -> bool:
    to_login = response.status_code == 302 and response.headers["Location"].startswith(reverse("accounts:login"))
    return to_login or response.status_code == 401


def location(name: str, address: Address) -> str:
    arguments = address.arguments()
    return address.path.format(*arguments) if address.path else reverse(name, args=arguments)


# --- the rule -------------------------------------------------------------------------------------------------------


def unmarked(request: HttpRequest) -> HttpResponse:
    return HttpResponse("seen")


@allow(Role.OPERATOR)
def marked(request: HttpRequest) -> HttpResponse:
    return HttpResponse("seen")


@allow_anyone
class OpenPage(View):
    def get(self, _: HttpRequest) -> HttpResponse:
        return HttpResponse("seen")


class ForgottenPage(OpenPage):
    """Inherits an open page, and must not inherit its openness."""


class UnmarkedApi(APIView):
    def get(self, _: HttpRequest) -> Response:
        return Response("seen")


@allow(Role.ANALYST)
class MarkedApi(APIView):
    def get(self, _: HttpRequest) -> Response:
        return Response("seen")


urlpatterns = [
    path("unmarked/", unmarked),
    path("marked/", marked),
    path("open/", OpenPage.as_view()),
    path("forgotten/", ForgottenPage.as_view()),
    path("api/unmarked/", UnmarkedApi.as_view()),
    path("api/marked/", MarkedApi.as_view()),
    *get_resolver("vitrine.urls").url_patterns,
]
handler403 = "vitrine.errors.permission_denied"
own_urls = override_settings(ROOT_URLCONF=__name__)


@own_urls
@pytest.mark.parametrize("address", ["/unmarked/", "/forgotten/", "/api/unmarked/"])
def test_a_view_without_a_rule_is_refused_to_all(client_for: ClientFor, db: None, address: str) -> None:
    for user in (None, make_user(*Role), make_user(superuser=True)):
        response = client_for(user).get(address)
        assert response.status_code == 403
        assert "seen" not in response.content.decode()


@own_urls
def test_the_role_decides_and_the_refusal_names_it(client_for: ClientFor, rater: User, operator: User) -> None:
    assert client_for(operator).get("/marked/").content == b"seen"
    refused = client_for(rater).get("/marked/")
    assert refused.status_code == 403
    assert "This page is for operator." in refused.content.decode()


@own_urls
def test_a_visitor_to_a_page_comes_back_after_signing_in(db: None) -> None:
    assert Client().get("/marked/?page=2").headers["Location"] == "/account/login/?next=/marked/%3Fpage%3D2"


@own_urls
def test_a_visitor_who_sent_a_form_is_not_led_back_into_it(db: None) -> None:
    assert Client().post("/marked/").headers["Location"] == "/account/login/"


@own_urls
@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("http://testserver/jobs/?state=failed", "/account/login/?next=/jobs/%3Fstate%3Dfailed"),
        ("https://evil.example/jobs/", "/account/login/?next=/"),
        ("", "/account/login/?next=/"),
    ],
)
def test_htmx_leaves_the_page_and_comes_back_to_it(db: None, page: str, expected: str) -> None:
    response = Client().get("/marked/", headers={"HX-Request": "true", "HX-Current-URL": page})
    assert (response.status_code, response.headers["HX-Redirect"]) == (401, expected)


@own_urls
@pytest.mark.parametrize(("who", "status"), [(None, 401), (Role.RATER, 403), (Role.ANALYST, 200)])
def test_the_api_answers_in_json(client_for: ClientFor, db: None, who: Role | None, status: int) -> None:
    response = client_for(make_user(who) if who else None).get("/api/marked/")
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/json"


def test_roles_come_from_groups_and_not_from_staff(db: None) -> None:
    person = make_user(Role.RATER, Role.ANALYST)
    person.is_staff = True
    assert roles_of(person) == {Role.RATER, Role.ANALYST}
    assert roles_of(make_user(superuser=True)) == set(Role)
    assert roles_of(AnonymousUser()) == frozenset()


def test_a_closed_account_holds_no_role(db: None) -> None:
    person = make_user(Role.OPERATOR, superuser=True)
    person.is_active = False
    assert roles_of(person) == frozenset()


def test_allow_needs_a_role() -> None:
    with pytest.raises(ValueError, match="at least one role"):
        allow()


def test_rules_say_whom_they_admit() -> None:
    assert str(rule_of(allow(Role.RATER, Role.ANALYST)(lambda _: None))) == "analyst or rater"
    assert str(rule_of(allow_signed_in(lambda _: None))) == "any signed-in user"
    assert str(rule_of(allow_anyone(lambda _: None))) == "anyone"


def test_the_roles_of_a_request_cost_one_query(db: None, django_assert_num_queries: Callable[[int], object]) -> None:
    request = RequestFactory().get("/")
    request.user = make_user(Role.RATER)
    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        assert roles_of(request.user) == roles_of(request.user)
