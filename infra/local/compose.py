"""What `compose.yaml` says of its images."""

from pathlib import Path

import yaml

FILE = Path(__file__).with_name("compose.yaml")


def image(service: str) -> str:
    found: str = yaml.safe_load(FILE.read_text(encoding="utf-8"))["services"][service]["image"]
    return found
