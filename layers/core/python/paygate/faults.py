"""What is wrong with the settings, all of it at once."""

from __future__ import annotations

from paygate.domain.errors import PaygateError


class SettingsFaults(PaygateError):
    """Settings that cannot work. Each fault is a sentence that names a setting and never shows its value."""

    code = "settings_faults"

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults
