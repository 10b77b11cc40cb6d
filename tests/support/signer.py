"""`python -m tests.support.signer`: one run of sign_refund in a process of its own, which tests may kill."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict

from paygate import bootstrap
from paygate.config import read_settings

if __name__ == "__main__":
    report = bootstrap.build(read_settings(os.environ)).sign_refunds(30)
    sys.stdout.write(json.dumps(asdict(report)) + "\n")
