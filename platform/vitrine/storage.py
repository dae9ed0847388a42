"""Files in an S3-compatible store, with time limits that let a page fail soon instead of hanging."""

from datetime import datetime
from http import HTTPStatus
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError
from storages.backends.s3 import S3Storage as _S3Storage


class S3Storage(_S3Storage):  # type: ignore[misc]  # untyped library
    """django-storages' S3, also for stores that are not Amazon's: path-style addresses, no extra checksums."""

    def get_default_settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = super().get_default_settings()
        settings["client_config"] = Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            connect_timeout=5,
            read_timeout=60,
            retries={"total_max_attempts": 3, "mode": "standard"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        return settings

    def get_modified_time(self, name: str) -> datetime:
        """When a file was written. Raises FileNotFoundError, as a folder does."""
        try:
            found: datetime = super().get_modified_time(name)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != HTTPStatus.NOT_FOUND:
                raise
            raise FileNotFoundError(f"There is no file {name} in the store.") from error
        return found
