"""Files of tables as rows again, for tests."""

import csv
import io
from typing import Any

from django.test import Client
from pyarrow import parquet


def read(client: Client, address: str) -> list[dict[str, Any]]:
    """A file's rows; text out of CSV, typed values out of Parquet."""
    response = client.get(address)
    assert response.status_code == 200, address
    data = b"".join(response.streaming_content)
    if ".parquet" in address:
        rows: list[dict[str, Any]] = parquet.read_table(io.BytesIO(data)).to_pylist()
        return rows
    return list(csv.DictReader(io.StringIO(data.decode())))
