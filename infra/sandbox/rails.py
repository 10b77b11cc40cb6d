"""Finds the rails by their folders."""

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType


def discover() -> dict[str, ModuleType]:
    folder = Path(__file__).parent
    names = sorted(module.name for module in pkgutil.iter_modules([str(folder)]) if module.ispkg)
    return {name: importlib.import_module(f"infra.sandbox.{name}") for name in names}


def provision(directory: Path, base_url: str = "") -> dict[str, str]:
    """Make every rail's merchant below `directory`, unless it is there, and return all settings by name.

    Without a `base_url` the addresses among them are paths.
    """
    settings: dict[str, str] = {}
    for name, rail in discover().items():
        settings |= rail.provision(Path(directory) / name, base_url)
    return settings
