"""Tokens for RDS, ElastiCache and MSK: signed here, without a call, good for 15 minutes, for one user.

They are wanted only while a connection is made, so each connection makes its own. All three are presigned URLs
(AWS Signature Version 4, query parameters): of `rds-db` ("Connecting to your DB instance using IAM
authentication"), of `elasticache` ("Authenticating with IAM"), and MSK's as its own library makes it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

GOOD_SECONDS = 900


def database_token(host: str, port: int, user: str) -> str:
    """A password for `user` of RDS, Aurora or RDS Proxy at `host`, the name that clients connect to."""
    return _presigned("rds-db", f"{host}:{port}", {"Action": "connect", "DBUser": user})


def cache_token(cache: str, user: str) -> str:
    """A password for `user` of the ElastiCache replication group or serverless cache that is called `cache`."""
    return _presigned("elasticache", cache.lower(), {"Action": "connect", "User": user})


def kafka_token() -> str:
    """An OAUTHBEARER token for MSK's brokers."""
    from aws_msk_iam_sasl_signer.MSKAuthTokenProvider import generate_auth_token  # noqa: PLC0415  # boto3

    _, region = _role()
    token, _ = generate_auth_token(region)
    return str(token)


def _presigned(service: str, place: str, query: dict[str, str]) -> str:
    from botocore.auth import SigV4QueryAuth  # noqa: PLC0415  # heavy: first use only
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415

    credentials, region = _role()
    request = AWSRequest("GET", f"https://{place}/?{urlencode(query)}")
    SigV4QueryAuth(credentials, service, region, expires=GOOD_SECONDS).add_auth(request)
    return str(request.url).removeprefix("https://")


def _role() -> tuple[Any, str]:
    """Credentials and region, as boto3's other clients have them; PermissionError where there are none."""
    import boto3  # noqa: PLC0415  # heavy: first use only

    if boto3.DEFAULT_SESSION is None:
        boto3.setup_default_session()
    session = boto3.DEFAULT_SESSION
    if (credentials := session.get_credentials()) is None or session.region_name is None:
        raise PermissionError("AWS gives no credentials here, or no region is set")
    return credentials.get_frozen_credentials(), session.region_name
