"""`make run` and its stack: settings for others, two side by side, clear refusals, nothing left behind."""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
import requests

from infra.evm.rpc import Node
from infra.local.ports import PortTaken, free_port
from infra.local.server import ROOT
from infra.local.servers.programs import CODE
from infra.local.stack import AlreadyRunning, Stack, lock_directory

RUNNER = """
import sys
from pathlib import Path
from infra.local import run
run.DIRECTORY = Path(sys.argv[1])
run.ENV_FILE = run.DIRECTORY / "env"
run.main()
"""
pytestmark = pytest.mark.xdist_group("local stack")


class Run:
    """`make run` in a directory of its own; SIGKILL ends it if nothing else does."""

    def __init__(self, directory: Path, *, port: int = 0, sandbox_port: int = 0) -> None:
        self.directory = directory
        self.env_file = directory / "env"
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUNNER, str(directory)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(map(str, CODE)),
                "PORT": str(port),
                "SANDBOX_PORT": str(sandbox_port),
            },
        )

    def wait(self) -> "Run":
        give_up_at = time.monotonic() + 60
        while not self.env_file.exists():
            assert self.process.poll() is None, self.output()
            assert time.monotonic() < give_up_at
            time.sleep(0.05)
        return self

    @property
    def env(self) -> dict[str, str]:
        pairs = (line.partition("=") for line in self.env_file.read_text().splitlines())
        return {name: "".join(shlex.split(value)) for name, _, value in pairs}

    def call(self, method: str, path: str, **options: object) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.env['API_KEY']}", "Idempotency-Key": "one"}
        return requests.request(method, self.env["API_URL"] + path, headers=headers, timeout=20, **options)

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def stop(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)

    def output(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.read()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    run = Run(tmp_path_factory.mktemp("running") / ".local").wait()
    yield run
    run.close()


@pytest.fixture
def start() -> Iterator[Callable[..., Run]]:
    with ExitStack() as runs:

        def begin(directory: Path, **ports: int) -> Run:
            run = Run(directory, **ports)
            runs.callback(run.close)
            return run

        yield begin


def create(run: Run) -> requests.Response:
    body = {"orderId": "O1", "userId": 1, "amount": "1.00", "currency": "CNY", "method": "ALIPAY"}
    return run.call("POST", "/payments", json=body)


def test_the_settings_are_enough_to_join_in(running: Run) -> None:
    env = running.env
    for name in ("DATABASE_URL", "REDIS_URL", "KAFKA_BOOTSTRAP_SERVERS", "AWS_ENDPOINT_URL", "SECRETS"):
        assert env[name]
    files = [value for name, value in env.items() if name.endswith("_FILE")]
    assert len(files) >= 5
    assert all(Path(file).is_file() for file in files)
    assert running.env_file.stat().st_mode & 0o777 == 0o600
    assert requests.get(env["SANDBOX_URL"] + "/healthz", timeout=5).ok
    assert create(running).status_code == 201
    assert requests.get(env["API_URL"] + "/payments", timeout=5).status_code == 401


def test_a_shell_can_read_the_settings(running: Run) -> None:
    script = f'. {shlex.quote(str(running.env_file))} && printf %s "$API_URL"'
    shown = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert shown.stdout == running.env["API_URL"]


def test_two_stacks_run_side_by_side(running: Run, tmp_path: Path) -> None:
    with Stack(tmp_path, durable=False) as other:
        assert other.gateway.url != running.env["API_URL"]
        headers = {"Authorization": f"Bearer {running.env['API_KEY']}"}
        assert requests.get(f"{other.gateway.url}/payments", headers=headers, timeout=20).status_code == 401
        headers = {"Authorization": f"Bearer {other.api_key}"}
        assert requests.get(f"{other.gateway.url}/payments", headers=headers, timeout=20).json()["payments"] == []


def test_a_second_stack_on_the_same_directory_is_refused_and_harms_nothing(
    running: Run, start: Callable[..., Run]
) -> None:
    second = start(running.directory)
    assert second.process.wait(60) == 1
    assert "Another stack is running" in second.output()
    assert running.call("GET", "/payments").ok


def test_a_taken_port_is_named(running: Run, tmp_path: Path) -> None:
    taken = int(running.env["API_URL"].rpartition(":")[2])
    for ports, setting in (({"api_port": taken}, "PORT="), ({"sandbox_port": taken}, "SANDBOX_PORT=")):
        with pytest.raises(PortTaken, match=f"{taken} .*{setting}"):
            Stack(tmp_path, **ports).start()


def test_a_port_that_is_none_is_named() -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "infra.local.run"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, CODE)), "PORT": "http"},
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert (refused.returncode, refused.stderr) == (1, "paygate: PORT=http is not a port.\n")


def test_data_survive_sigkill_and_restarts_and_the_ports_are_kept(
    tmp_path: Path, start: Callable[..., Run]
) -> None:
    ports = {"port": free_port(), "sandbox_port": free_port()}
    first = start(tmp_path, **ports).wait()
    key, made = first.env["API_KEY"], create(first).json()
    chain, account = Node(first.env["BSC_RPC_URL"]).block(1), first.env["EVM_XPUB"]
    family = first.children()
    first.close()
    second = start(tmp_path, **ports)
    assert psutil.wait_procs(family, timeout=10)[1] == []
    second.wait()
    assert second.env["API_KEY"] == key
    assert (Node(second.env["BSC_RPC_URL"]).block(1), second.env["EVM_XPUB"]) == (chain, account)
    assert second.call("GET", f"/payments/{made['paymentId']}").json()["orderId"] == "O1"
    replayed = create(second)
    assert (replayed.json()["paymentId"], replayed.headers["Idempotent-Replayed"]) == (made["paymentId"], "true")

    family = second.children()
    assert second.stop(signal.SIGTERM) == 0
    assert not second.env_file.exists()
    assert psutil.wait_procs(family, timeout=10)[1] == []


def test_a_server_that_dies_is_named_and_ends_the_run(tmp_path: Path, start: Callable[..., Run]) -> None:
    run = start(tmp_path).wait()
    next(child for child in run.children() if child.name() == "tansu").kill()
    assert run.process.wait(60) == 1
    assert "kafka has died" in run.output()


def test_a_directory_has_one_stack_at_a_time(tmp_path: Path) -> None:
    lock = lock_directory(tmp_path)
    with pytest.raises(AlreadyRunning, match=str(tmp_path)):
        lock_directory(tmp_path)
    os.close(lock)
    os.close(lock_directory(tmp_path))
