"""`make sam`: what `make demo` shows, with the functions in containers of `sam local` and LocalStack for AWS.

Both sides reach the other servers by the address that this machine has on Docker's bridge. POSTGRES, REDIS, KAFKA
and LOCALSTACK name servers that stand already (`compose.yaml` has them), in the place of embedded ones.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from infra.local import demo
from infra.local.docker import bridge_address
from infra.local.run import DIRECTORY
from infra.local.sam_build import built
from infra.local.servers.aws import Aws
from infra.local.servers.kafka import Kafka
from infra.local.servers.localstack import make_localstack
from infra.local.servers.postgres import Postgres
from infra.local.servers.programs import Program
from infra.local.servers.redis import Redis
from infra.local.servers.sam import SamApi, SamLambda, SamScheduler
from infra.local.servers.standing import StandingKafka, StandingPostgres, StandingRedis
from infra.local.stack import Stack
from infra.local.template import Function, read_template

SAM_DIRECTORY = DIRECTORY / "sam"
RESULT = DIRECTORY / "sam.json"


class SamStack(Stack):
    """A stack whose functions are what SAM built into the folder `built`."""

    def __init__(self, directory: Path, *, built: Path, host: str, **options: object) -> None:
        self._built = built
        self._functions = read_template(built / "template.yaml").functions
        super().__init__(directory, host=host, durable=False, **options)

    def make_postgres(self, directory: Path, profile: Mapping[str, str]) -> Postgres:
        url = os.environ.get("POSTGRES")
        return StandingPostgres(directory, url) if url else super().make_postgres(directory, profile)

    def make_redis(self, directory: Path) -> Redis:
        url = os.environ.get("REDIS")
        return StandingRedis(directory, url) if url else super().make_redis(directory)

    def make_kafka(self, directory: Path) -> Kafka:
        address = os.environ.get("KAFKA")
        return StandingKafka(directory, address) if address else super().make_kafka(directory)

    def make_aws(self, directory: Path) -> Aws:
        return make_localstack(directory)

    def make_gateway(self, directory: Path, port: int | None) -> Program:
        return SamApi(directory, port, built=self._built, functions=self._called(by_schedule=False))

    def make_scheduler(self, directory: Path) -> Program:
        lambdas = SamLambda(directory / "lambda", built=self._built, functions=self._called(by_schedule=True))
        return SamScheduler(directory, lambdas)

    def _called(self, *, by_schedule: bool) -> list[Function]:
        """Functions that schedules and queues call, or all others."""
        return [each for each in self._functions if bool(each.schedules or each.queues) is by_schedule]


def stack() -> Stack:
    host = bridge_address()
    os.close(demo.empty(SAM_DIRECTORY))
    return SamStack(
        SAM_DIRECTORY,
        built=built(),
        host=host,
        settings=demo.HASTE,
        sandbox_time_scale=demo.SANDBOX_TIME_SCALE,
    )


if __name__ == "__main__":
    demo.main(stack, RESULT)
