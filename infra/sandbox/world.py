from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class World:
    """Where a simulated rail lives. A `time_scale` of 0.001 turns a retry after 4 minutes into 0.24 s."""

    state_dir: Path
    public_url: str
    time_scale: float = 1.0
