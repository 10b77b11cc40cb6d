"""AWS's APIs from moto: Secrets Manager, SQS, KMS and others. Nothing survives a restart."""

import os
import sys
from collections.abc import Mapping
from typing import Any, ClassVar

from infra.local.server import Server

CREDENTIALS = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
}


class Aws(Server):
    name = "aws"
    credentials: ClassVar[Mapping[str, str]] = CREDENTIALS

    def command(self) -> list[str]:
        return [sys.executable, "-m", "moto.server", "-H", self.host, "-p", str(self.port)]

    def environment(self) -> Mapping[str, str]:
        quiet = {"PYTHONWARNINGS": "ignore", "MOTO_PORT": str(self.port)}
        return {**os.environ, **self.credentials, **quiet}

    def client(self, service: str) -> Any:
        import boto3

        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=self.credentials["AWS_REGION"],
            aws_access_key_id=self.credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.credentials["AWS_SECRET_ACCESS_KEY"],
        )

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def env(self) -> dict[str, str]:
        return {**self.credentials, "AWS_ENDPOINT_URL": self.url}
