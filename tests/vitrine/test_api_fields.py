"""What a call is sent and cannot be: each sentence says what was sent, and what to send instead."""

from typing import Any

import pytest
from rest_framework import serializers

from vitrine.api_fields import Body, Number


class Part(Body):
    wording = serializers.CharField()


class Sent(Body):
    """One field of each kind that calls have."""

    text = serializers.CharField(required=False, max_length=5, min_length=2)
    name = serializers.CharField()
    whole = serializers.IntegerField(required=False)
    size = serializers.IntegerField(required=False, min_value=1, max_value=200)
    id = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    most = serializers.IntegerField(required=False, max_value=2**63 - 1)
    odds = serializers.FloatField(required=False)
    share = Number(required=False)
    sure = serializers.BooleanField(required=False)
    look = serializers.ChoiceField([("day", "By day"), ("night", "By night")], required=False)
    at = serializers.DateTimeField(required=False)
    who = serializers.UUIDField(required=False)
    slug = serializers.SlugField(required=False)
    code = serializers.RegexField(r"\A[a-z]+\Z", required=False)
    file = serializers.FileField(required=False)
    runs = serializers.ListField(child=serializers.IntegerField(), required=False, max_length=2, min_length=1)
    answers = serializers.DictField(child=serializers.BooleanField(), required=False)
    parts = Part(many=True, required=False)
    part = Part(required=False)

    def validate_name(self, value: str) -> str:
        if value == "taken":
            raise serializers.ValidationError("There is one of that name.")
        return value


WRONG: list[tuple[dict[str, Any], str, Any]] = [
    ({"name": None}, "name", "null will not do: send a text."),
    ({"name": " "}, "name", "It is empty; send a text."),
    ({"name": []}, "name", "[] will not do: send a text."),
    ({"name": "taken"}, "name", "There is one of that name."),
    ({"text": None}, "text", "null will not do: send a text, or leave it out."),
    ({"text": "too long"}, "text", "It has 8 characters, and 5 are the most; send fewer."),
    ({"text": "x   "}, "text", "It has 1 character, and 2 are the fewest; send more."),
    ({"whole": "x" * 99}, "whole", f"'{'x' * 59}… will not do: send a whole number such as 3."),
    ({"size": 0}, "size", "0 will not do: send a whole number from 1 to 200."),
    ({"size": 201}, "size", "201 will not do: send a whole number from 1 to 200."),
    ({"id": 0}, "id", "0 will not do: send a whole number of at least 1."),
    ({"id": 2**63}, "id", f"{2**63} will not do: send a whole number from 1 to {2**63 - 1:,}."),
    ({"most": 2**63}, "most", f"{2**63} will not do: send a whole number of at most {2**63 - 1:,}."),
    ({"most": "x"}, "most", f"'x' will not do: send a whole number of at most {2**63 - 1:,}."),
    ({"odds": "even"}, "odds", "'even' will not do: send a number such as 0.25."),
    ({"share": "half"}, "share", "'half' is no number: say one such as 0.25."),
    ({"sure": "perhaps"}, "sure", "'perhaps' will not do: send true or false."),
    ({"look": "dusk"}, "look", "'dusk' will not do: send one of day, night."),
    ({"at": "noon"}, "at", "'noon' will not do: send a time such as 2026-11-22T09:00:00Z."),
    ({"who": "me"}, "who", "'me' will not do: send a UUID, as an answer named it."),
    ({"slug": "a b"}, "slug", "'a b' will not do: send letters, digits, hyphens and underscores."),
    ({"code": "A1"}, "code", "'A1' will not do: send a text that fits \\A[a-z]+\\Z."),
    ({"file": "x"}, "file", "'x' will not do: send a file that is not empty, as a form field of that name."),
    ({"runs": 7}, "runs", "7 will not do: send a list."),
    ({"runs": [1, 2, 3]}, "runs", "It has 3 items, and 2 are the most; send fewer."),
    ({"runs": [1, "x"]}, "runs", {1: ["'x' will not do: send a whole number such as 3."]}),
    ({"answers": []}, "answers", "[] will not do: send a table of names and values."),
    ({"answers": {"size": "odd"}}, "answers", {"size": ["'odd' will not do: send true or false."]}),
    ({"parts": [{"wording": 1}, {}]}, "parts", {1: {"wording": ["It is missing; send a text."]}}),
    ({"parts": [None]}, "parts", {0: ["null will not do: send a table of names and values, or leave it out."]}),
    ({"parts": "x"}, "parts", {"non_field_errors": ["'x' will not do: send a list."]}),
    ({"parts": None}, "parts", "null will not do: send a list, or leave it out."),
    ({"part": None}, "part", "null will not do: send a table of names and values, or leave it out."),
    ({"part": {}}, "part", {"wording": ["It is missing; send a text."]}),
]


@pytest.mark.parametrize(("sent", "name", "said"), WRONG, ids=[f"{name}: {sent}"[:50] for sent, name, _ in WRONG])
def test_each_sentence_names_the_value_and_the_way_out(sent: dict[str, Any], name: str, said: Any) -> None:
    body = Sent(data={"name": "Mug"} | sent)
    assert not body.is_valid()
    assert body.errors == {name: [said] if isinstance(said, str) else said}


def test_what_is_missing_is_said_by_name() -> None:
    body = Sent(data={})
    assert not body.is_valid()
    assert body.errors == {"name": ["It is missing; send a text."]}


@pytest.mark.parametrize("sent", [[], "x", 3])
def test_a_body_that_is_no_table_is_told_so(sent: Any) -> None:
    body = Sent(data=sent)
    assert not body.is_valid()
    [said] = body.errors["non_field_errors"]
    assert said.endswith("will not do: send a table of names and values.")


def test_what_is_right_is_taken() -> None:
    body = Sent(data={"name": "Mug", "runs": [1], "parts": [{"wording": "Lit?"}], "answers": {"size": True}})
    assert body.is_valid(), body.errors
