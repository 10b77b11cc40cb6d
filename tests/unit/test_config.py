"""Settings: read once, checked together, and no value in a complaint."""

from __future__ import annotations

import base64
import warnings
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from paygate.config import SETTINGS, example, read_settings
from paygate.faults import SettingsFaults

KEY = base64.b64encode(bytes(range(32))).decode()
GOOD = {
    "APP_ENV": "production",
    "DATABASE_URL": "postgresql://app:hunter2hunter2@db.internal/paygate?sslmode=verify-full",
    "REDIS_URL": "rediss://redis.internal:6379/0",
    "KAFKA_BOOTSTRAP_SERVERS": "a.internal:9096,b.internal:9096",
    "PUBLIC_BASE_URL": "https://pay.example.com",
    "API_KEY_PEPPER": "a pepper that nobody guesses",
    "ENCRYPTION_KEY": f"2026:{KEY}",
}


def faults_of(env: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(SettingsFaults) as caught:
        read_settings(env)
    return caught.value.faults


def test_production_takes_what_is_complete() -> None:
    settings = read_settings(GOOD)
    assert settings.public_base_url == "https://pay.example.com"
    assert settings.rails == {}


def test_production_names_everything_that_is_missing_at_once() -> None:
    faults = faults_of({"APP_ENV": "production"})
    missing = {fault.split()[0] for fault in faults}
    needed = {setting.name for setting in SETTINGS if setting.default is not None and not setting.is_safe_default}
    assert missing == needed
    assert all(fault.endswith("is missing") for fault in faults)


def test_production_refuses_every_development_default() -> None:
    defaults = {s.name: s.default for s in SETTINGS if s.default is not None and not s.is_safe_default}
    faults = faults_of({"APP_ENV": "production", **defaults})
    assert {fault.split()[0] for fault in faults} == set(defaults)
    assert all("development default" in fault for fault in faults)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://hunter2secret@db/x"),
        ("REDIS_URL", "redis.internal"),
        ("KAFKA_BOOTSTRAP_SERVERS", "kafka"),
        ("KAFKA_SECURITY_PROTOCOL", "SASL_PLAINTEXT"),
        ("KAFKA_SASL_MECHANISM", "hunter2"),
        ("PUBLIC_BASE_URL", "pay.example.com"),
        ("API_KEY_PEPPER", "short"),
        ("ENCRYPTION_KEY", "1:c2hvcnQ="),
        ("RATE_LIMIT_PER_MINUTE", "many"),
        ("OUTBOX_RETENTION_DAYS", "-1"),
        ("ALIPAY_SELLER_ID", "seller-hunter2"),
    ],
)
def test_a_malformed_value_is_named_and_never_shown(name: str, value: str) -> None:
    env = {**GOOD, name: value}
    with pytest.raises(SettingsFaults) as caught:
        read_settings(env)
    assert name in str(caught.value)
    assert value not in str(caught.value).replace(name, "")


def test_kafka_with_passwords_needs_all_three() -> None:
    message = "; ".join(faults_of({**GOOD, "KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_USERNAME": "relay"}))
    assert "KAFKA_SASL_MECHANISM is missing" in message
    assert "KAFKA_PASSWORD is missing" in message
    assert "KAFKA_USERNAME" not in message


def test_an_unknown_environment_counts_as_production() -> None:
    assert "APP_ENV must be production or development" in faults_of({**GOOD, "APP_ENV": "staging"})


def test_all_faults_come_in_one_message_rails_included() -> None:
    message = "; ".join(faults_of({**GOOD, "REDIS_URL": "x", "API_KEY_PEPPER": "x", "ALIPAY_APP_ID": "x"}))
    for name in ("REDIS_URL", "API_KEY_PEPPER", "ALIPAY_APP_ID", "ALIPAY_SELLER_ID", "ALIPAY_APP_PRIVATE_KEY"):
        assert name in message


def test_development_warns_and_uses_the_default() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        settings = read_settings({})
    assert any("DATABASE_URL is missing" in str(warning.message) for warning in caught)
    assert settings.database_url.startswith("postgresql://")


def test_named_secrets_complete_the_environment_and_blanks_do_not_hide_them() -> None:
    secrets = {"core": {**GOOD, "APP_ENV": "development"}, "more": {"REDIS_URL": "rediss://other:1/0"}}
    secrets["more"]["SHOP_PASSPHRASE"] = "a rail's own words"
    env = {
        "APP_ENV": "production",
        "SECRETS": "core, more",
        "REDIS_URL": "",
        "SHOP_PASSPHRASE": "",
        "PUBLIC_BASE_URL": "https://mine.example",
    }
    settings = read_settings(env, secrets.__getitem__)
    assert settings.app_env == "production"
    assert settings.redis_url == "rediss://other:1/0"
    assert settings.public_base_url == "https://mine.example"
    assert {GOOD["API_KEY_PEPPER"], "a rail's own words"} <= set(settings.secret_values)


def test_a_secret_that_cannot_be_read_is_a_fault_by_name() -> None:
    def nothing(name: str) -> dict[str, str]:
        raise LookupError(name)

    with pytest.raises(SettingsFaults, match="SECRETS names paygate/x"):
        read_settings({**GOOD, "SECRETS": "paygate/x"}, nothing)


def test_a_configured_rail_is_on() -> None:
    private = rsa.generate_private_key(65537, 2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    rail = {
        "ALIPAY_APP_ID": "2021000000000000",
        "ALIPAY_SELLER_ID": "2088000000000000",
        "ALIPAY_APP_PRIVATE_KEY": pem.decode(),
        "ALIPAY_PUBLIC_KEY": public.decode(),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        settings = read_settings({**GOOD, **rail})
    assert set(settings.rails) == {"alipay"}
    assert "BEGIN" not in repr(settings)
    assert "hunter2" not in repr(settings)


def test_env_example_is_what_the_code_says() -> None:
    text = (Path(__file__).parents[2] / ".env.example").read_text(encoding="utf-8")
    assert text.strip() == example().strip(), "run `make .env.example`"


BY_IAM = {
    "DATABASE_AUTH": "iam",
    "REDIS_AUTH": "iam",
    "REDIS_CACHE_NAME": "paygate-dev",
    "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "KAFKA_SASL_MECHANISM": "AWS_MSK_IAM",
}


def test_by_iam_nobody_needs_a_password() -> None:
    settings = read_settings({**GOOD, **BY_IAM})
    assert (settings.database_auth, settings.redis_auth) == ("iam", "iam")
    assert settings.kafka_sasl_mechanism == "AWS_MSK_IAM"


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"DATABASE_URL": "postgresql://paygate@db/paygate"}, "DATABASE_URL must have sslmode=verify-full"),
        ({"MIGRATE_DATABASE_URL": "postgresql://o@db/p"}, "MIGRATE_DATABASE_URL must have sslmode=verify-full"),
        ({"REDIS_URL": "redis://paygate-dev@redis:6379/0"}, "REDIS_URL must begin with rediss://"),
        ({"REDIS_CACHE_NAME": ""}, "REDIS_CACHE_NAME is missing"),
        ({"KAFKA_SECURITY_PROTOCOL": "SSL"}, "KAFKA_SECURITY_PROTOCOL must be SASL_SSL"),
    ],
)
def test_no_token_is_told_over_an_open_line(wrong: dict[str, str], fault: str) -> None:
    (found,) = faults_of({**GOOD, **BY_IAM, **wrong})
    assert fault in found


@pytest.mark.parametrize("name", ["DATABASE_CA", "KAFKA_CA"])
def test_certificates_are_certificates(name: str) -> None:
    message = "; ".join(
        faults_of({**GOOD, name: "-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----"})
    )
    assert message == f"{name} must be certificates as PEM"
