"""Every setting there is, read once and checked together.

The environment comes first; the secrets named in SECRETS (Secrets Manager, each a JSON object of NAME → value)
complete it. In production anything missing, malformed or left at a development default stops the function
with one message that names every fault, and never shows a value.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from paygate.adapters.chains.private_keys import find_private_keys
from paygate.adapters.kms import settings as signing_settings
from paygate.adapters.rates import settings as rate_settings
from paygate.adapters.system.sealer import parse_keys
from paygate.faults import SettingsFaults
from paygate.strategies.registry import METHODS, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from paygate.adapters.kms.settings import SigningSettings
    from paygate.adapters.rates.settings import RateSettings

PRODUCTION, DEVELOPMENT = "production", "development"


@dataclass(frozen=True, slots=True)
class Setting:
    """One name, what it is for, and its development default. `None` there: optional everywhere."""

    name: str
    purpose: str
    default: str | None
    read: Callable[[str], Any] = str
    is_secret: bool = False
    is_safe_default: bool = False


def _url(*schemes: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        from urllib.parse import urlsplit  # noqa: PLC0415

        parts = urlsplit(text)
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError(f"must be a URL that begins with {' or '.join(f'{name}://' for name in schemes)}")
        return text.rstrip("/")

    return read


def _number(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(text)

    return read


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"must be {', '.join(words[:-1])} or {words[-1]}")
        return text

    return read


def _pepper(text: str) -> bytes:
    if len(text) < 16:  # noqa: PLR2004
        raise ValueError("must be 16 characters or more")
    return text.encode()


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _brokers(text: str) -> str:
    if not all(part.rpartition(":")[2].isdigit() and part.rpartition(":")[0] for part in text.split(",")):
        raise ValueError("must be host:port, several separated by commas")
    return text


def _certificates(text: str) -> str:
    import ssl  # noqa: PLC0415

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError):
        raise ValueError("must be certificates as PEM") from None
    return text


_POSTGRES = _url("postgresql", "postgres")
_AUTH = _one_of("password", "iam")
_DEV_KEY = "dev:" + "ZGV2ZWxvcG1lbnQtb25seS1ub3QtYS1zZWNyZXQtMSE="

_SASL = ("KAFKA_SASL_MECHANISM", "KAFKA_USERNAME", "KAFKA_PASSWORD")
AWS_MSK_IAM = "AWS_MSK_IAM"  # OAUTHBEARER on the wire, of which the function's role is the user

SETTINGS = (
    Setting("DATABASE_URL", "PostgreSQL for the application's role; `?sslmode=verify-full` for TLS",
            "postgresql://paygate:paygate@127.0.0.1:5432/paygate", _POSTGRES, is_secret=True),
    Setting("MIGRATE_DATABASE_URL", "PostgreSQL for the schema's owner: `migrate` only, never through a pooler",
            None, _POSTGRES, is_secret=True),
    Setting("DATABASE_AUTH", "password: the URLs' own; iam: a token of the function's role, for RDS over TLS",
            "password", _AUTH, is_safe_default=True),
    Setting("DATABASE_CA", "certificates (PEM) to believe of PostgreSQL beside the system's: RDS has its own", None,
            _certificates),
    Setting("DATABASE_ADMIN_SECRET", "RDS's master secret, by its ARN: `migrate` makes the roles with it", None),
    Setting("REDIS_URL", "Redis or Valkey; `rediss://` for TLS", "redis://127.0.0.1:6379/0",
            _url("redis", "rediss"), is_secret=True),
    Setting("REDIS_CLUSTER", "whether the URL leads to a cluster", "no", _one_of("yes", "no"),
            is_safe_default=True),
    Setting("REDIS_AUTH", "password: the URL's own; iam: a token of the function's role, for ElastiCache over TLS",
            "password", _AUTH, is_safe_default=True),
    Setting("REDIS_CACHE_NAME", "what ElastiCache calls it (replication group or serverless cache), for iam", None),
    Setting("KAFKA_BOOTSTRAP_SERVERS", "Kafka's brokers", "127.0.0.1:9092", _brokers),
    Setting("KAFKA_SECURITY_PROTOCOL", "PLAINTEXT, SSL or SASL_SSL", "PLAINTEXT",
            _one_of("PLAINTEXT", "SSL", "SASL_SSL"), is_safe_default=True),
    Setting("KAFKA_SASL_MECHANISM", "with SASL_SSL: PLAIN, SCRAM-SHA-512 or AWS_MSK_IAM (by the role)", None,
            _one_of("PLAIN", "SCRAM-SHA-512", AWS_MSK_IAM)),
    Setting("KAFKA_USERNAME", "for PLAIN and SCRAM-SHA-512", None),
    Setting("KAFKA_PASSWORD", "for PLAIN and SCRAM-SHA-512", None, is_secret=True),
    Setting("KAFKA_CA", "certificates (PEM) to believe of Kafka beside the system's", None, _certificates),
    Setting("KAFKA_NEW_TOPIC_PARTITIONS", "create missing topics with so many partitions; unset: they exist", None,
            _number(1, 1000)),
    Setting("PUBLIC_BASE_URL", "where rails reach us: callbacks go to <this>/webhooks/<rail>",
            "http://127.0.0.1:3000", _url("http", "https")),
    Setting("API_KEY_PEPPER", "keys the hash that API keys are stored under", "development-only-pepper", _pepper,
            is_secret=True),
    Setting("ENCRYPTION_KEY", "AES-256 keys for what is stored encrypted, newest first: id:base64[,id:base64]",
            _DEV_KEY, parse_keys, is_secret=True),
    Setting("RELAY_QUEUE_URL", "SQS queue that wakes the relay; unset: its schedule alone does", None,
            _url("http", "https")),
    Setting("STATEMENT_BUCKET", "S3 bucket for statements too large for a request; unset: none are taken", None),
    Setting("STATEMENT_QUEUE_URL", "SQS queue that the bucket tells of uploads", None, _url("http", "https")),
    Setting("RATE_LIMIT_PER_MINUTE", "requests a minute for each API key", "6000", _number(1, 10**9),
            is_safe_default=True),
    Setting("CHAIN_FOLLOW_SECONDS", "how long one run of poll_chain follows its chain, at most", "55",
            _number(1, 800), is_safe_default=True),
    Setting("METHODS_OFF", "payment methods that take no new payment, comma-separated; what is open goes on", None,
            _names),
    Setting("OUTBOX_RETENTION_DAYS", "how long sent events can be replayed", "30", _number(1, 3650),
            is_safe_default=True),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """What was read. `rails` holds each configured rail's own settings by the rail's name."""

    app_env: str
    database_url: str = field(repr=False)
    migrate_database_url: str | None = field(repr=False)
    database_auth: str
    database_ca: str | None = field(repr=False)
    database_admin_secret: str | None
    redis_url: str = field(repr=False)
    redis_cluster: str
    redis_auth: str
    redis_cache_name: str | None
    kafka_bootstrap_servers: str
    kafka_security_protocol: str
    kafka_sasl_mechanism: str | None
    kafka_username: str | None
    kafka_password: str | None = field(repr=False)
    kafka_ca: str | None = field(repr=False)
    kafka_new_topic_partitions: int | None
    public_base_url: str
    api_key_pepper: bytes = field(repr=False)
    encryption_key: Mapping[str, bytes] = field(repr=False)
    relay_queue_url: str | None
    statement_bucket: str | None
    statement_queue_url: str | None
    rate_limit_per_minute: int
    chain_follow_seconds: int
    methods_off: tuple[str, ...] | None
    outbox_retention_days: int
    rails: Mapping[str, Any] = field(repr=False)
    rates: RateSettings
    signing: SigningSettings
    secret_values: tuple[str, ...] = field(repr=False)


def read_settings(
    environ: Mapping[str, str],
    fetch: Callable[[str], Mapping[str, str]] | None = None,
    *,
    is_key_check: bool = False,
) -> Settings:
    """Settings of `environ` completed by the secrets it names; raises SettingsFaults.

    `fetch` answers a secret's JSON object by its name; by default it asks Secrets Manager. `is_key_check`:
    private keys are checked in full, whatever `…_KEY_VALIDATED` promises; that is what the promise rests on.
    """
    faults: list[str] = []
    env = _completed(environ, fetch or read_secret, faults)
    if is_key_check:
        env = {name: value for name, value in env.items() if not name.endswith("_KEY_VALIDATED")}
    app_env = env.get("APP_ENV", DEVELOPMENT)
    if app_env not in (PRODUCTION, DEVELOPMENT):
        faults.append("APP_ENV must be production or development")
    is_strict = app_env != DEVELOPMENT
    values = {setting.name.lower(): _value(setting, env, faults, is_strict=is_strict) for setting in SETTINGS}
    faults.extend(_misfits(values, env))
    if spending := find_private_keys(env):
        raise SettingsFaults(spending)
    rails, rates, signing = _rails(env, faults), _rates(env, faults), _signing(env, faults)
    if faults and is_strict:
        raise SettingsFaults(tuple(faults))
    for fault in faults:
        warnings.warn(f"settings: {fault}", stacklevel=2)
    secrets = [env[setting.name] for setting in SETTINGS if setting.is_secret and env.get(setting.name)]
    fetched = [value for name, value in env.items() if not environ.get(name)]
    return Settings(
        app_env=app_env,
        rails=rails,
        rates=rates,
        signing=signing,
        secret_values=tuple(dict.fromkeys([*secrets, *fetched])),
        **values,
    )


def _completed(
    environ: Mapping[str, str], fetch: Callable[[str], Mapping[str, str]], faults: list[str]
) -> dict[str, str]:
    env: dict[str, str] = {}
    for name in _names(environ.get("SECRETS", "")):
        try:
            env.update({key: str(value) for key, value in fetch(name).items()})
        except (LookupError, ValueError, AttributeError):
            faults.append(f"SECRETS names {name}, which cannot be read as a JSON object")
    return {**env, **{name: value for name, value in environ.items() if value}}


def _value(setting: Setting, env: Mapping[str, str], faults: list[str], *, is_strict: bool) -> Any:
    text = env.get(setting.name) or None
    if text is None and setting.default is None:
        return None
    if text is None and not setting.is_safe_default:
        faults.append(f"{setting.name} is missing")
    elif is_strict and text == setting.default and not setting.is_safe_default:
        faults.append(f"{setting.name} is left at its development default")
    try:
        return setting.read(text or setting.default or "")
    except ValueError as error:
        faults.append(f"{setting.name} {error}")
        return setting.read(setting.default) if setting.default is not None else None


def _misfits(values: Mapping[str, Any], env: Mapping[str, str]) -> Iterator[str]:
    """What is right by itself and not together."""
    is_by_iam = values["kafka_sasl_mechanism"] == AWS_MSK_IAM
    if values["kafka_security_protocol"] == "SASL_SSL" and not is_by_iam:
        yield from (f"{name} is missing" for name in _SASL if not env.get(name))
    if is_by_iam and values["kafka_security_protocol"] != "SASL_SSL":
        yield f"KAFKA_SECURITY_PROTOCOL must be SASL_SSL with {AWS_MSK_IAM}"
    if values["database_auth"] == "iam":
        urls = {name: values[name] for name in ("database_url", "migrate_database_url") if values[name]}
        yield from (f"{name.upper()} must have sslmode=verify-full with DATABASE_AUTH=iam"
                    for name, url in urls.items() if "sslmode=verify-full" not in url)  # fmt: skip
    if values["redis_auth"] == "iam":
        if not values["redis_url"].startswith("rediss://"):
            yield "REDIS_URL must begin with rediss:// with REDIS_AUTH=iam"
        if not values["redis_cache_name"]:
            yield "REDIS_CACHE_NAME is missing"


def _rails(env: Mapping[str, str], faults: list[str]) -> dict[str, Any]:
    rails: dict[str, Any] = {}
    for method in METHODS:
        if method.rail in rails:
            continue
        try:
            settings = load(method.settings)(env)
        except SettingsFaults as wrong:
            faults.extend(wrong.faults)
            continue
        if settings is not None:
            rails[method.rail] = settings
    return rails


def _rates(env: Mapping[str, str], faults: list[str]) -> RateSettings:
    try:
        return rate_settings.read(env)
    except SettingsFaults as wrong:
        faults.extend(wrong.faults)
        return rate_settings.read({})


def _signing(env: Mapping[str, str], faults: list[str]) -> SigningSettings:
    try:
        return signing_settings.read(env)
    except SettingsFaults as wrong:
        faults.extend(wrong.faults)
        return signing_settings.SigningSettings()


def read_secret(name: str) -> Mapping[str, str]:
    """The secret's JSON object; LookupError when it cannot be read as one."""
    from aws_lambda_powertools.utilities import parameters  # noqa: PLC0415  # heavy: boto3
    from aws_lambda_powertools.utilities.parameters.exceptions import (  # noqa: PLC0415
        GetParameterError,
        TransformParameterError,
    )

    try:
        found: Any = parameters.get_secret(name, transform="json")
    except (GetParameterError, TransformParameterError) as error:
        raise LookupError(name) from error
    return dict(found)


def example() -> str:
    """The text of `.env.example`: every setting, what it is for, and its development default."""
    lines = ["# Every setting, with its development default. Generated: `make .env.example`.", ""]
    lines += ["# production or development", "APP_ENV=development", ""]
    lines += [
        "# Secrets Manager names, comma-separated: JSON objects of NAME -> value that complete these",
        "SECRETS=",
        "",
    ]
    for setting in SETTINGS:
        lines += [f"# {setting.purpose}", f"{setting.name}={setting.default or ''}", ""]
    listed: set[str] = set()
    for method in METHODS:
        names = load(method.settings.partition(":")[0] + ":NAMES")
        if new := [name for name in names if name not in listed]:
            methods = ", ".join(one.name for one in METHODS if one.rail == method.rail)
            lines += [f"# {methods}: on when all that it needs is set", *(f"{name}=" for name in new), ""]
        listed.update(new)
    lines += ["# Rates for prices in other money than crypto: who is asked, and what is believed"]
    lines += [*(f"{name}={default}" for name, default in rate_settings.DEFAULTS.items()), ""]
    lines += ["# Refunds on a chain that a key in KMS signs: which key, and how much. Unset, nothing is signed"]
    lines += [*(f"{name}=" for name in signing_settings.NAMES), ""]
    return "\n".join(lines)
