"""Complete package-lock.json for machines other than the one that wrote it (`make lock` runs this).

npm leaves out of a lock the optional packages that its registry does not show, and `npm ci` then refuses the lock;
and it passes over an optional package whose `engines` name a newer Node, though anvil's programs need none at all.
"""

import json
from pathlib import Path
from typing import Any

LOCK = Path(__file__).with_name("package-lock.json")
ANVIL = "node_modules/@foundry-rs/anvil"
PLATFORMS = {
    "darwin-amd64": ("darwin", "x64"),
    "darwin-arm64": ("darwin", "arm64"),
    "linux-amd64": ("linux", "x64"),
    "linux-arm64": ("linux", "arm64"),
    "win32-amd64": ("win32", "x64"),
}


def completed(lock: dict[str, Any]) -> dict[str, Any]:
    packages: dict[str, dict[str, Any]] = dict(lock["packages"])
    for platform, (system, cpu) in PLATFORMS.items():
        known = packages.get(f"{ANVIL}-{platform}", {})
        facts = {"version": packages[ANVIL]["version"], "cpu": [cpu], "optional": True, "os": [system]}
        packages[f"{ANVIL}-{platform}"] = {
            name: fact for name, fact in {**facts, **known}.items() if name != "engines"
        }
    return {**lock, "packages": dict(sorted(packages.items()))}


if __name__ == "__main__":
    LOCK.write_text(json.dumps(completed(json.loads(LOCK.read_text())), indent=2) + "\n")
