"""The whole gateway on this machine: servers, sandbox, API and schedules, below one directory.

    with Stack(directory) as stack:
        requests.get(stack.gateway.url + "/health")
        stack.redis.pause()

`stack.env` is what another program needs to join in. A subclass may put others in the place of its parts:
`make_postgres` and so on.
"""

import fcntl
import os
import shlex
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

import requests

from infra.local.inbox import make_inbox
from infra.local.own_key import own_key
from infra.local.ports import HOST
from infra.local.secret_store import own_secrets, publish, with_contents, write_private
from infra.local.server import Server
from infra.local.servers.anvil import BSC, Anvil
from infra.local.servers.aws import Aws
from infra.local.servers.bitcoind import Bitcoind, binary
from infra.local.servers.kafka import Kafka
from infra.local.servers.pooled import make_postgres
from infra.local.servers.postgres import DATABASE, DURABLE, FAST, Postgres
from infra.local.servers.programs import Gateway, Program, Sandbox, Scheduler
from infra.local.servers.redis import Redis
from infra.local.servers.standing import Standing
from infra.local.wallet import Wallet
from infra.sandbox import provision

QUEUE = "paygate-relay"
STATEMENTS = "paygate-statements"
LOCK = "stack.lock"
SCHEDULE_SCALE = "0.08"  # a minute on AWS is about five seconds here
BLOCK_SECONDS = 12  # Ethereum's pace while nobody pays: a faster one fills a long-lived chain with empty blocks
NODES = {
    "ethereum": "ETHEREUM_RPC_URL",
    "bsc": "BSC_RPC_URL",
    "tron": "TRON_API_URL",
    "bitcoin": "BITCOIN_RPC_URL",
}
"""By network the setting that says where its node is: one that has none gets no account to be paid into."""

CHAIN_FOLLOW_SECONDS = "4"  # and so a run of poll_chain is as much shorter
FORGETFUL_NODES = "UPDATE chain_cursors SET disputed_since = now() - interval '1 day'"
"""Nodes that were killed may have lost blocks that were final, and nobody else has them: their word counts at once,
not after the patience that a node on the internet needs. What is read next ends the exception.
"""

PATIENCE_SECONDS = 3.0  # a stack that was just killed needs a moment to be gone


class AlreadyRunning(Exception):
    def __init__(self, directory: Path) -> None:
        super().__init__(f"Another stack is running on {directory}; stop it first (Ctrl-C where it runs).")


class Stack:
    """`settings` go to the functions and win over the stack's own.

    `durable` False trades PostgreSQL's safety against a crash of the machine for speed. Ports that are
    None are free ones. `env_file` holds `env`, a line each, for as long as the stack is up. `host` is the address
    of this machine by which the functions reach the servers; the API itself is on loopback.
    """

    def __init__(
        self,
        directory: Path,
        *,
        api_port: int | None = None,
        sandbox_port: int | None = None,
        durable: bool = True,
        settings: Mapping[str, str] | None = None,
        sandbox_time_scale: float = 1.0,
        env_file: Path | None = None,
        host: str = HOST,
    ) -> None:
        self.directory = directory.resolve()
        self._env_file = env_file.resolve() if env_file else None
        place = self.directory.joinpath
        self.postgres = self.make_postgres(place("postgres"), DURABLE if durable else FAST)
        self.redis = self.make_redis(place("redis"))
        self.kafka = self.make_kafka(place("kafka"))
        self.aws = self.make_aws(place("aws"))
        self.ethereum = Anvil(place("ethereum"), block_seconds=BLOCK_SECONDS)
        self.bsc = Anvil(place("bsc"), network=BSC, block_seconds=BLOCK_SECONDS)
        self.bitcoin = Bitcoind(place("bitcoin")) if binary() else None
        self.sandbox = Sandbox(place("sandbox"), sandbox_port)
        self.sandbox.time_scale = sandbox_time_scale
        self.gateway = self.make_gateway(place("gateway"), api_port)
        self.gateway.forget = self._env_file
        self.scheduler = self.make_scheduler(place("scheduler"))
        for server in (*self._embedded, self.sandbox):
            if not isinstance(server, Standing):
                server.host = host
        self._settings = dict(settings or {})
        self._rails: dict[str, str] = {}
        self._core: dict[str, str] = {}
        self._secrets = self._queue_url = self._statement_queue_url = ""
        self._lock: int | None = None
        self.api_key = ""

    @property
    def chains(self) -> tuple[Anvil | Bitcoind, ...]:
        """Nodes that the sandbox's payers pay at. Without a bitcoind the sandbox is one itself."""
        return (self.ethereum, self.bsc, *([self.bitcoin] if self.bitcoin else []))

    @property
    def wallet(self) -> Wallet:
        """The private keys behind the payments' addresses and the treasuries."""
        return Wallet(self.directory)

    @property
    def servers(self) -> tuple[Server, ...]:
        """In the order of starting."""
        return (*self._embedded, self.sandbox, self.gateway, self.scheduler)

    @property
    def _embedded(self) -> tuple[Server, ...]:
        return (self.postgres, self.redis, self.kafka, self.aws, *self.chains)

    def make_postgres(self, directory: Path, profile: Mapping[str, str]) -> Postgres:
        return make_postgres(directory, profile=profile)

    def make_redis(self, directory: Path) -> Redis:
        return Redis(directory)

    def make_kafka(self, directory: Path) -> Kafka:
        return Kafka(directory)

    def make_aws(self, directory: Path) -> Aws:
        return Aws(directory)

    def make_gateway(self, directory: Path, port: int | None) -> Program:
        return Gateway(directory, port)

    def make_scheduler(self, directory: Path) -> Program:
        return Scheduler(directory)

    def start(self) -> Self:
        self._lock = lock_directory(self.directory, PATIENCE_SECONDS)
        self._forget_env()
        try:
            for server in (self.gateway, self.sandbox):
                server.require_port(PATIENCE_SECONDS)
            self._start_servers()
            self._start_programs()
            self._write_env()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        _together(self.scheduler.stop, self.gateway.stop)
        _together(*(server.stop for server in self.servers))
        if self._lock is not None:
            self._forget_env()
            os.close(self._lock)
            self._lock = None

    def kill(self) -> None:
        """Every server at once by SIGKILL."""
        for server in self.servers:
            server.kill()
        self.stop()

    @property
    def settings(self) -> dict[str, str]:
        """The environment of the functions; the rest stands in the secrets that SECRETS names."""
        return {
            "APP_ENV": "development",
            "PUBLIC_BASE_URL": self.gateway.url,
            "SECRETS": self._secrets,
            "RELAY_QUEUE_URL": self._queue_url,
            "STATEMENT_BUCKET": STATEMENTS,
            "STATEMENT_QUEUE_URL": self._statement_queue_url,
            "KAFKA_NEW_TOPIC_PARTITIONS": "6",
            "LOCAL_SCHEDULE_SCALE": SCHEDULE_SCALE,
            "CHAIN_FOLLOW_SECONDS": CHAIN_FOLLOW_SECONDS,
            **self.kafka.env,
            **self.aws.env,
            **self._settings,
        }

    @property
    def env(self) -> dict[str, str]:
        """For programs that join in: addresses, a ready API key, and where the sandbox merchant's files lie."""
        addresses = {"API_URL": self.gateway.url, "SANDBOX_URL": self.sandbox.url, "API_KEY": self.api_key}
        return {**addresses, **self.postgres.env, **self.redis.env, **self.settings, **self._rails}

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _write_env(self) -> None:
        if self._env_file is not None:
            lines = (f"{name}={shlex.quote(value)}\n" for name, value in self.env.items())
            write_private(self._env_file, "".join(lines))

    def _forget_env(self) -> None:
        if self._env_file is not None:
            self._env_file.unlink(missing_ok=True)

    def _start_servers(self) -> None:
        _together(self._start_postgres, self.redis.start, self.kafka.start, self.aws.start, self._start_sandbox)
        self._core = {"DATABASE_URL": self.postgres.url(), **self.redis.env, **own_secrets(self.directory)}
        rails = with_contents(self._rails)
        self._secrets = publish(self.aws.client("secretsmanager"), {"core": self._core, "rails": rails})
        self._make_queues()

    def _make_queues(self) -> None:
        """As the template has them, with the bucket that uploads go to."""
        self._queue_url = self.aws.client("sqs").create_queue(QueueName=QUEUE)["QueueUrl"]
        self._statement_queue_url = make_inbox(self.aws, STATEMENTS)

    def _start_postgres(self) -> None:
        from migrations import upgrade

        self.postgres.start()
        upgrade(self.postgres.env["MIGRATE_DATABASE_URL"])
        with self.postgres.admin(DATABASE) as admin:
            admin.run(FORGETFUL_NODES)

    def _start_sandbox(self) -> None:
        _together(*(chain.start for chain in self.chains))
        nodes = {name: value for chain in self.chains for name, value in chain.env.items()}
        self.sandbox.settings = nodes
        self._rails = {**provision(self.sandbox.state, self.sandbox.url), **nodes}
        networks = [network for network, setting in NODES.items() if setting in self._rails]
        self._rails |= self.wallet.settings(networks)
        self.sandbox.start()
        self._subscribe()

    def _subscribe(self) -> None:
        """The card processor calls back where its dashboard says, not where a payment says."""
        asked = {"id": "we_paygate", "url": f"{self.gateway.url}/webhooks/card"}
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(f"{self.sandbox.url}/card/_sandbox/webhook_endpoint", json=asked, timeout=10)
            answer.raise_for_status()

    def _start_programs(self) -> None:
        self.gateway.settings = self.scheduler.settings = self.settings
        _together(self.gateway.start, self.scheduler.start, self._find_api_key)

    def _find_api_key(self) -> None:
        settings = {**self.settings, **self._core, "SECRETS": ""}
        self.api_key = own_key(self.directory / "api_key", settings)


def lock_directory(directory: Path, patience_seconds: float = 0) -> int:
    """Taken until the descriptor is closed, which the end of the process does too."""
    directory.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    give_up_at = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > give_up_at:
                os.close(descriptor)
                raise AlreadyRunning(directory) from None
            time.sleep(0.05)
        else:
            return descriptor


def _together(*tasks: Callable[[], object]) -> None:
    """At once, in threads; the first failure is raised when all have ended."""
    if not tasks:
        return
    with ThreadPoolExecutor(len(tasks)) as pool:
        for future in [pool.submit(task) for task in tasks]:
            future.result()
