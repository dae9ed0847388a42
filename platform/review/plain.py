"""Values as JSON holds them."""

import math
from dataclasses import asdict, is_dataclass
from datetime import date
from typing import Any


def plain(value: Any) -> Any:
    """Dataclasses as dicts, numbers of numpy as Python's, days as ISO text; None for what JSON has no word for."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, date):
        return value.isoformat()
    return value.item() if hasattr(value, "item") else value
