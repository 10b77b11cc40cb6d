import subprocess
import sys

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from paygate.adapters.rails.wechat_pay.settings import BASE_URL, NAMES, WechatPaySettings, read
from paygate.faults import SettingsFaults
from tests.unit.wechat_pay_side import (
    API_V3_KEY,
    MERCHANT_SERIAL,
    PUBLIC_KEY_ID,
    certificate,
    certificate_environment,
    environment,
    key,
    pem,
    private_pem,
    public_pem,
)


def settings(**changes: str) -> WechatPaySettings:
    found = read(environment(**changes))
    assert found is not None
    return found


def faults(env: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(SettingsFaults) as caught:
        read(env)
    return caught.value.faults


@pytest.mark.parametrize("env", [{}, {"WECHAT_PAY_APP_ID": " "}, {"WECHAT_PAY_BASE_URL": "https://x.example"}])
def test_without_a_merchant_the_rail_is_off(env: dict[str, str]) -> None:
    assert read(env) is None


def test_public_key_mode() -> None:
    found = settings(WECHAT_PAY_BASE_URL="", WECHAT_PAY_MERCHANT_SERIAL=MERCHANT_SERIAL.lower())
    assert (found.base_url, found.merchant_serial) == (BASE_URL, MERCHANT_SERIAL)
    assert found.public_key is not None
    assert found.public_key.public_numbers() == key("wechat").public_key().public_numbers()
    assert (found.public_key_id, found.platform_certificates) == (PUBLIC_KEY_ID, ())
    assert found.private_key.private_numbers() == key("merchant").private_numbers()


def test_certificate_mode_and_both() -> None:
    pinned = (certificate("platform"), certificate("next"))
    found = read(certificate_environment(*pinned))
    assert found is not None
    assert (found.public_key, found.platform_certificates) == (None, pinned)
    both = settings(WECHAT_PAY_PLATFORM_CERTS=pem(pinned[0]))
    assert (both.public_key is not None, both.platform_certificates) == (True, pinned[:1])


@pytest.mark.parametrize(
    ("change", "named"),
    [
        *(({name: ""}, name) for name in NAMES[1:8] if name != "WECHAT_PAY_PLATFORM_CERTS"),
        ({"WECHAT_PAY_BASE_URL": "ftp://x.example"}, "WECHAT_PAY_BASE_URL"),
        ({"WECHAT_PAY_BASE_URL": "https://x.example/?a=1"}, "WECHAT_PAY_BASE_URL"),
        ({"WECHAT_PAY_BASE_URL": "http://x.example", "APP_ENV": "production"}, "WECHAT_PAY_BASE_URL"),
        ({"WECHAT_PAY_APP_ID": "wx 1"}, "WECHAT_PAY_APP_ID"),
        ({"WECHAT_PAY_MCH_ID": "19x"}, "WECHAT_PAY_MCH_ID"),
        ({"WECHAT_PAY_MERCHANT_SERIAL": "not hex"}, "WECHAT_PAY_MERCHANT_SERIAL"),
        ({"WECHAT_PAY_MERCHANT_SERIAL": 'A1"'}, "WECHAT_PAY_MERCHANT_SERIAL"),
        ({"WECHAT_PAY_PRIVATE_KEY": "MIIB"}, "WECHAT_PAY_PRIVATE_KEY"),
        ({"WECHAT_PAY_PRIVATE_KEY": public_pem("merchant")}, "WECHAT_PAY_PRIVATE_KEY"),
        ({"WECHAT_PAY_API_V3_KEY": API_V3_KEY[:31]}, "WECHAT_PAY_API_V3_KEY"),
        ({"WECHAT_PAY_API_V3_KEY": "茶" * 32}, "WECHAT_PAY_API_V3_KEY"),
        ({"WECHAT_PAY_PUBLIC_KEY_ID": "0119000000012026"}, "WECHAT_PAY_PUBLIC_KEY_ID"),
        ({"WECHAT_PAY_PUBLIC_KEY": private_pem("wechat")}, "WECHAT_PAY_PUBLIC_KEY"),
        ({"WECHAT_PAY_PLATFORM_CERTS": "no certificate"}, "WECHAT_PAY_PLATFORM_CERTS"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",  # keys differ from process to process
)
def test_a_fault_names_the_setting_and_shows_no_value(change: dict[str, str], named: str) -> None:
    [fault] = faults(environment(**change))
    assert fault.split(" ")[0] == named
    for name, value in change.items():
        assert name == "APP_ENV" or not value or value not in fault


def test_every_fault_is_told_at_once() -> None:
    found = faults({"WECHAT_PAY_APP_ID": "wx1 "})
    assert {fault.split(" ")[0] for fault in found} == {
        "WECHAT_PAY_APP_ID",
        "WECHAT_PAY_MCH_ID",
        "WECHAT_PAY_MERCHANT_SERIAL",
        "WECHAT_PAY_PRIVATE_KEY",
        "WECHAT_PAY_API_V3_KEY",
    }


def test_a_pinned_certificate_of_another_kind_of_key() -> None:
    template = certificate("platform")
    curve = ec.generate_private_key(ec.SECP256R1()).public_key()
    builder = x509.CertificateBuilder().subject_name(template.subject).issuer_name(template.issuer).serial_number(1)
    builder = builder.not_valid_before(template.not_valid_before_utc).public_key(curve)
    made = builder.not_valid_after(template.not_valid_after_utc).sign(key("root"), SHA256())
    [fault] = faults(environment(WECHAT_PAY_PLATFORM_CERTS=pem(made)))
    assert fault == "WECHAT_PAY_PLATFORM_CERTS must hold RSA keys"


def test_secrets_are_not_shown() -> None:
    shown = repr(settings())
    assert API_V3_KEY not in shown
    assert "RSAPrivateKey" not in shown


def test_reading_settings_makes_no_call_and_loads_no_http() -> None:
    code = (
        "import sys, paygate.adapters.rails.wechat_pay.rail;"
        "print([name for name in ('requests', 'urllib3', 'http.client') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": "layers/core/python"},
    )
    assert done.stdout.strip() == "[]"
