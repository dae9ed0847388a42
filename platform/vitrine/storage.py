"""Files in an S3-compatible store, with time limits that let a page fail soon instead of hanging."""

from typing import Any

from botocore.config import Config
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
