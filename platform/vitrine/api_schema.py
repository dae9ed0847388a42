"""How drf-spectacular reads our views: their docstrings, their roles, and their nested `Input`."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from vitrine.access import rule_of


class Schema(AutoSchema):
    """Takes a view's nested class `Input` as what its calls are sent, under a name of its own."""

    def get_request_serializer(self) -> Any:
        given = getattr(self.view, "Input", None)
        if given is None or self.method in ("GET", "DELETE"):
            return None
        given._spectacular_annotation = {"component_name": f"{type(self.view).__name__}Input"}
        return given

    def get_response_serializers(self) -> Any:
        return {"200": {"type": "object", "additionalProperties": {}}}

    def get_description(self) -> str:  # type: ignore[override]
        """What the view says, and who may call it."""
        said = super().get_description() or ""
        rule = rule_of(type(self.view)) or rule_of(self.view)
        return f"{said}\n\nFor {rule}." if rule else said

    def get_operation_id(self) -> str:
        """The view's name and the verb: unlike what is made of paths, no two are the same."""
        return f"{type(self.view).__name__.removesuffix('Api')}_{self.method.lower()}"

    def get_tags(self) -> list[str]:
        """The noun after /api/."""
        return [self.path.strip("/").split("/")[1]]


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the token is sent."""

    target_class = "accounts.tokens.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002 - the signature is the library's
        return {"type": "http", "scheme": "bearer", "description": "A token from your account's page: vit_…"}
