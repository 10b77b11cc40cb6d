"""Cold starts under `sam local`: a new container for each call, against a function in it that does nothing.

Needs Docker, the SAM CLI and PAYGATE_BUILT (a folder that `sam build` made); elsewhere nothing is measured.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.local.lambda_endpoint import ENDPOINT, LambdaEndpoint
from infra.local.sam_build import BUILT, built
from infra.local.server import StartFailed
from infra.local.servers.aws import CREDENTIALS
from infra.local.servers.sam import SamLambda
from infra.local.template import Function, read_template
from tests.bench.figures import Figure
from tests.bench.world import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.world import World

ROUNDS = 3
ANSWERS = (200, 401)
CALLS = {
    "CreateFunction": ("POST", "/payments", "/payments"),
    "StatusFunction": ("GET", "/payments/PAY_0", "/payments/{paymentId}"),
    "BatchFunction": ("POST", "/payments/batch", "/payments/batch"),
    "HealthFunction": ("GET", "/health", "/health"),
}
"""Sent without a key: answered once everything is imported and the settings are read, with no server asked."""

NOTHING = Function("NothingFunction", Path(), "nothing.lambda_handler", 60, 1024, (), (), ())


class Cold(SamLambda):
    warm = ()

    def template(self) -> dict[str, Any]:
        """With the function that does nothing beside ours."""
        document = super().template()
        (self.directory / "nothing").mkdir(exist_ok=True)
        (self.directory / "nothing/nothing.py").write_text("def lambda_handler(event, context):\n    return {}\n")
        properties = {"CodeUri": str(self.directory / "nothing"), "Handler": NOTHING.handler}
        document["Resources"][NOTHING.name] = {"Type": "AWS::Serverless::Function", "Properties": properties}
        return document


def measure(world: World) -> Iterator[Figure]:
    if not os.environ.get(BUILT):
        say(f"cold starts under sam local: not measured, {BUILT} names nothing that sam built")
        return
    with tempfile.TemporaryDirectory(prefix="paygate-cold-") as directory:
        try:
            yield from _measure(world, Path(directory))
        except StartFailed as reason:
            say(f"cold starts under sam local: not measured, {reason}")


def _measure(world: World, directory: Path) -> Iterator[Figure]:
    folder = built()
    ours = [function for function in read_template(folder / "template.yaml").functions if function.name in CALLS]
    server = Cold(directory, built=folder, functions=[*ours, NOTHING])
    server.settings = world.settings
    with server:
        os.environ.update({**CREDENTIALS, ENDPOINT: server.url})
        lambdas = LambdaEndpoint()
        events = {function.name: _event(world, function.name) for function in ours}
        taken: dict[str, list[float]] = {function.name: [] for function in (NOTHING, *ours)}
        lambdas.invoke(NOTHING, {})  # makes the image
        for _ in range(ROUNDS):
            for function in (NOTHING, *ours):
                started = time.perf_counter()
                answer = lambdas.invoke(function, events.get(function.name, {}))
                assert function is NOTHING or answer["statusCode"] in ANSWERS, answer
                taken[function.name].append((time.perf_counter() - started) * 1000)
    floor = statistics.median(taken[NOTHING.name])
    for function in ours:
        name = f"sam_cold_start_{function.name.removesuffix('Function').lower()}"
        yield Figure(name, statistics.median(taken[function.name]), floor, "ms")


def _event(world: World, name: str) -> dict[str, Any]:
    method, path, resource = CALLS[name]
    return world.event(method, path, resource, {} if method == "POST" else None, headers={"Authorization": ""})
