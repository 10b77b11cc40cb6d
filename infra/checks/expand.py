"""`template.yaml` as CloudFormation gets it, after the SAM transform, by the translator that AWS itself runs.

`python -m infra.checks.expand FOLDER` writes one JSON file for each of VARIANTS, for linters that judge resources.
"""

from __future__ import annotations

import copy
import json
import logging
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.local.server import ROOT
from infra.local.template import load_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What is on somewhere: the smallest deployment, and the one with everything.
VARIANTS: Mapping[str, Mapping[str, str]] = {
    "default": {},
    "everything": {"GradualReleases": "true", "Firewall": "ENABLED", "SnapStart": "PublishedVersions"},
}
# Where `sam package` puts what stands beside the template.
_UPLOADED = {
    "CodeUri": "s3://packaged/by-sam-deploy",
    "ContentUri": "s3://packaged/by-sam-deploy",
    "TemplateURL": "https://s3.amazonaws.com/packaged/by-sam-deploy.template",
}


def expand(parameters: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The template with its transform applied, for these values of parameters and the defaults of the rest.

    Parameters that only CloudFormation reads stay references, and its conditions stay conditions.
    """
    from samtranslator.translator.transform import transform  # noqa: PLC0415  # slow to load

    document = _packaged(load_document(ROOT / "template.yaml"))
    defaults = {name: one["Default"] for name, one in document["Parameters"].items() if "Default" in one}
    values = {**defaults, "AWS::Region": "us-east-1", "AWS::Partition": "aws", **(parameters or {})}
    with _a_region():
        expanded: dict[str, Any] = transform(document, values, _NoPolicies(), passthrough_metadata=True)
    return expanded


@contextmanager
def _a_region() -> Iterator[None]:
    """The translator wants one of its surroundings, whatever the parameters say, and makes nothing of it."""
    name = "AWS_DEFAULT_REGION"
    before = os.environ.get(name)
    os.environ[name] = before or "us-east-1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]


class _NoPolicies:
    """SAM's names of AWS's policies, of which the template uses none."""

    def load(self) -> dict[str, str]:
        return {}


def _packaged(document: dict[str, Any]) -> dict[str, Any]:
    packaged = copy.deepcopy(document)
    sections = [packaged["Globals"]["Function"], *(each["Properties"] for each in packaged["Resources"].values())]
    for section in sections:
        section.update({name: where for name, where in _UPLOADED.items() if name in section})
    return packaged


def main(folder: str) -> None:
    logging.getLogger("samtranslator").setLevel(logging.CRITICAL)  # of feature toggles that only AWS has
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name, parameters in VARIANTS.items():
        text = json.dumps(expand(parameters), indent=2)
        Path(folder, f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
