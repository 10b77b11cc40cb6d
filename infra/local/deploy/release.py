"""`sam build` and `sam deploy` of the whole template, as README has them, against an emulator."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.local.deploy.tools import architecture, sam
from infra.local.server import ROOT, StartFailed
from infra.local.servers.aws import Aws
from infra.local.servers.programs import NO_PROXY

STACK = "paygate-local"
API_ID = "paygate"
"""The id that the API is to have, so that its address is known before it is there, as one's own domain would be.
Emulators take it from a tag.
"""
TAGS = ("ms-custom-id", "_custom_id_")


class Release:
    """The stack `paygate-local` at an emulator. `log` takes what `sam` says."""

    def __init__(self, aws: Aws, log: Path) -> None:
        self._aws = aws
        self._log = log

    def deploy(self, parameters: Mapping[str, str]) -> None:
        """What `sam build` built. Raises StartFailed."""
        values = {"Architecture": architecture(), **parameters}
        self._sam(
            *("deploy", "--config-file", str(ROOT / "samconfig.toml")),
            *("--template-file", str(built() / "template.yaml"), "--stack-name", STACK),
            *("--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar"),
            *("--tags", *(f"{tag}={API_ID}" for tag in TAGS)),
            *("--parameter-overrides", *(f"{name}={value}" for name, value in values.items())),
        )

    def build(self) -> None:
        """Unless PAYGATE_BUILT names a folder that holds what was built."""
        if "PAYGATE_BUILT" not in os.environ:
            print("Building what is deployed takes a minute.", flush=True)
            self._sam("build", "--parallel", "--build-dir", str(built()))

    def resource(self, name: str) -> str:
        """The physical id of what the template calls `name`."""
        client = self._aws.client("cloudformation")
        found = client.describe_stack_resource(StackName=STACK, LogicalResourceId=name)
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def _sam(self, *arguments: str) -> None:
        environment = {**os.environ, **NO_PROXY, **self._aws.env, "SAM_CLI_TELEMETRY": "0"}
        with self._log.open("ab") as log:
            done = subprocess.run(
                [str(sam()), *arguments], cwd=ROOT, env=environment, stdout=log, stderr=log, check=False
            )
        if done.returncode:
            tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-30:])
            raise StartFailed(f"sam {arguments[0]} failed. The end of {self._log}:\n{tail}")


def built() -> Path:
    return ROOT / os.environ.get("PAYGATE_BUILT", ".aws-sam/build")


def api_url(aws: Aws, api_id: str) -> str:
    """Where emulators serve a deployed REST API by path: names below localhost resolve on few machines."""
    return f"{aws.url}/restapis/{api_id}/v1/_user_request_"


def invoked(aws: Aws, function: str, event: Any = None) -> dict[str, Any]:
    """What the deployed function answers. Raises StartFailed when it fails."""
    answer = aws.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event or {}))
    text = answer["Payload"].read().decode()
    if "FunctionError" in answer:
        raise StartFailed(f"{function} failed: {text[:2000]}")
    result: dict[str, Any] = json.loads(text)
    return result
