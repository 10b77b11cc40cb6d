"""The gateway as it is deployed: functions, API, queues and schedules of the template at an emulator of AWS, and
beside them, on this machine, the servers and the sandbox that they reach.

Rails on chains that need a node of their own are left out; schedules keep the template's minutes.
"""

import os
import time
from pathlib import Path
from typing import Self

import requests

from infra.local.deploy.emulator import Ministack, RunningEmulator
from infra.local.deploy.release import API_ID, Release, api_url, invoked
from infra.local.own_key import own_key
from infra.local.secret_store import PREFIX, store
from infra.local.server import StartFailed
from infra.local.servers.aws import Aws
from infra.local.servers.programs import Gateway, Scheduler
from infra.local.stack import Stack

OWNER_SECRET = "paygate-owner/local"  # noqa: S105 (a name)
ANSWER_SECONDS = 60.0
NOT_HERE = {"PollEthereum": "DISABLED", "PollBsc": "DISABLED", "Alarms": "DISABLED"}
"""Chains that have no node beside the deployed stack (TRON and Bitcoin are simulated, and polled), and alarms, for
emulators do not know those over metric math (docs/emulators.md).
"""


class DeployedApi(Gateway):
    """The deployed API: nothing that runs here."""

    api_id = API_ID

    def __init__(self, directory: Path, aws: Aws) -> None:
        super().__init__(directory)
        self._aws = aws

    def start(self) -> Self:
        give_up_at = time.monotonic() + ANSWER_SECONDS
        while not self.is_running:
            if time.monotonic() > give_up_at:
                raise StartFailed(f"{self.url}/health does not answer with 200.")
            time.sleep(0.2)
        return self

    @property
    def is_running(self) -> bool:
        with requests.Session() as session:
            session.trust_env = False
            try:
                return session.get(f"{self.url}/health", timeout=ANSWER_SECONDS).ok
            except requests.RequestException:
                return False

    @property
    def url(self) -> str:
        return api_url(self._aws, self.api_id)


class DeployedSchedules(Scheduler):
    """EventBridge Scheduler's and SQS's part is the emulator's."""

    is_running = True

    def start(self) -> Self:
        return self


class DeployedStack(Stack):
    """`revision` is where the deployed migrations left the schema."""

    gateway: DeployedApi
    revision = ""

    @property
    def chains(self) -> tuple[()]:
        return ()

    @property
    def release(self) -> Release:
        return Release(self.aws, self.directory / "sam.log")

    def build(self) -> None:
        self.release.build()

    def make_aws(self, directory: Path) -> Aws:
        url = os.environ.get("AWS_ENDPOINT_URL")
        return RunningEmulator(directory, url) if url else Ministack(directory)

    def make_gateway(self, directory: Path, _port: int | None) -> DeployedApi:
        return DeployedApi(directory, self.aws)

    def make_scheduler(self, directory: Path) -> DeployedSchedules:
        return DeployedSchedules(directory)

    def _start_postgres(self) -> None:
        self.postgres.start()

    def _make_queues(self) -> None:
        """The template has them."""

    def _start_programs(self) -> None:
        self._publish_owner()
        self._deploy()
        self.revision = invoked(self.aws, self.release.resource("MigrateFunction"))["revision"]
        self._queue_url = self.release.resource("RelayQueue")
        self._statement_queue_url = self.release.resource("StatementQueue")
        self._settings["STATEMENT_BUCKET"] = self.release.resource("StatementBucket")
        self.api_key = own_key(self.directory / "api_key", {**self.settings, **self._core, "SECRETS": ""})
        self.gateway.start()

    def _publish_owner(self) -> None:
        """Apart from what functions read, as README has it."""
        values = {"MIGRATE_DATABASE_URL": self.postgres.env["MIGRATE_DATABASE_URL"]}
        store(self.aws.client("secretsmanager"), OWNER_SECRET, values)

    def _deploy(self) -> None:
        """Where no emulator gives the API the id that is asked for, again with the address that came out."""
        self.release.deploy(self.parameters())
        found = self.release.resource("Api")
        if found != self.gateway.api_id:
            self.gateway.api_id = found
            self._subscribe()
            self.release.deploy(self.parameters())

    def parameters(self) -> dict[str, str]:
        return {
            "Environment": "local",
            "AppEnv": "development",  # the sandbox plays the rails without TLS
            "KafkaBootstrapServers": self.kafka.bootstrap_servers,
            "PublicBaseUrl": self.gateway.url,
            "SecretNames": self._secrets,
            "SecretPattern": f"{PREFIX}/*",
            "MigrationSecretName": OWNER_SECRET,
            "MigrationSecretPattern": f"{OWNER_SECRET}-*",
            **NOT_HERE,
        }
