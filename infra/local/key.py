"""`make key`: create an API key. Its secret is shown once, here."""

import argparse
import sys

from infra.local.joined import application
from paygate.domain.errors import InvalidField
from paygate.services.api_keys import BEARER, SCOPES, SIGNING, ApiKeys


def main() -> None:
    asked = arguments()
    scopes = [scope.strip() for scope in asked.scopes.split(",")]
    with application() as app:
        try:
            issued = ApiKeys(app.keys, app.settings.api_key_pepper).issue(asked.name, asked.kind.upper(), scopes)
        except InvalidField as problem:
            sys.exit(f"paygate: {problem}")
    if asked.kind.upper() == BEARER:
        print(f"Authorization: Bearer {issued.token}")
    else:
        print(f"keyId={issued.id}\nsecret={issued.secret}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make key", description="Create an API key.")
    kinds = [BEARER.lower(), SIGNING.lower()]
    parser.add_argument("--kind", choices=kinds, default=kinds[0], help="a signing key's secret is never sent")
    everything = ",".join(scope for scope in SCOPES if scope != "admin")
    parser.add_argument("--scopes", default=everything, help=f"of {', '.join(SCOPES)}; comma-separated")
    parser.add_argument("--name", default="made by make key", help="what it is for")
    return parser.parse_args()


if __name__ == "__main__":
    main()
