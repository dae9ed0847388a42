"""Fields that calls of several rooms take."""

import math
from typing import Any

from rest_framework import serializers


class Number(serializers.FloatField):
    """A number that has a place among others: the texts "nan" and "inf", which Python reads as numbers, are none."""

    def to_internal_value(self, data: Any) -> float:
        try:
            value: float = super().to_internal_value(data)
        except serializers.ValidationError:
            value = math.nan
        if not math.isfinite(value):
            raise serializers.ValidationError(f"{str(data)[:60]!r} is no number: say one such as 0.25.", code="invalid")
        return value
