"""Statement files in an S3 bucket: `ports.Uploads`."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from datetime import timedelta
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

from paygate.domain.bank_statement import StatementRefused
from paygate.domain.errors import NotFound, Unavailable
from paygate.ports import UploadForm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from paygate.ports import Clock

_FORM_SECONDS = 900
_CHUNK = 1024 * 1024
_GONE = ("NoSuchKey", "404")


def key_of(statement_id: str) -> str:
    return f"statements/{statement_id}"


class S3Uploads:
    """The key is ours, and so is who asked for it: nothing about an object is believed but its bytes."""

    def __init__(self, bucket: str, max_bytes: int, clock: Clock, endpoint_url: str | None = None) -> None:
        self._bucket = bucket
        self._max_bytes = max_bytes
        self._clock = clock
        self._endpoint_url = endpoint_url
        self._client: Any = None

    def form(self, statement_id: str, /) -> UploadForm:
        """A presigned POST (Amazon S3 API, "Browser-based uploads using POST"): S3 itself holds to the size."""
        made = self._s3().generate_presigned_post(
            self._bucket,
            key_of(statement_id),
            Conditions=[["content-length-range", 1, self._max_bytes]],
            ExpiresIn=_FORM_SECONDS,
        )
        expires_at = self._clock.now() + timedelta(seconds=_FORM_SECONDS)
        return UploadForm(made["url"], made["fields"], expires_at, self._max_bytes)

    @contextmanager
    def fetch(self, statement_id: str, /) -> Iterator[tuple[BinaryIO, bytes, int]]:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # heavy: first use only

        with TemporaryFile() as file:
            try:
                found = self._s3().get_object(Bucket=self._bucket, Key=key_of(statement_id))
                sha256, size = self._copy(found["Body"], file)
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") in _GONE:
                    raise NotFound("nothing was uploaded") from None
                raise Unavailable("S3 gave no answer") from error
            except BotoCoreError as error:
                raise Unavailable("S3 gave no answer") from error
            file.seek(0)
            yield file, sha256, size

    def _copy(self, body: Any, file: BinaryIO) -> tuple[bytes, int]:
        sha256, size = hashlib.sha256(), 0
        for chunk in body.iter_chunks(_CHUNK):
            size += len(chunk)
            if size > self._max_bytes:
                raise StatementRefused("too_large", f"the file has more than {self._max_bytes} bytes")
            sha256.update(chunk)
            file.write(chunk)
        return sha256.digest(), size

    def _s3(self) -> Any:
        if self._client is None:
            import boto3  # noqa: PLC0415  # heavy: first use only
            from botocore.config import Config  # noqa: PLC0415

            # A path-style, regional, SigV4 form works from the bucket's first minute and with any emulator.
            config = Config(
                signature_version="s3v4", connect_timeout=3, read_timeout=20, s3={"addressing_style": "path"}
            )
            self._client = boto3.client("s3", endpoint_url=self._endpoint_url, config=config)
        return self._client
