import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from paygate.adapters.rails.alipay.settings import GATEWAY_URL, read
from paygate.config import read_settings
from paygate.faults import SettingsFaults
from tests.unit.alipay_side import (
    certificate,
    certificate_environment,
    environment,
    key,
    pem,
    private_pem,
    public_pem,
)


def faults(env: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(SettingsFaults) as caught:
        read(env)
    return caught.value.faults


def bare(pem_text: str) -> str:
    return "".join(pem_text.splitlines()[1:-1])


@pytest.mark.parametrize(
    "env", [{}, {"ALIPAY_APP_ID": " "}, {"ALIPAY_GATEWAY_URL": "https://x.example/gateway.do"}]
)
def test_without_a_merchant_the_rail_is_off(env: dict[str, str]) -> None:
    assert read(env) is None


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize(
    "wrap",
    [
        str,
        bare,
        lambda text: "\n".join(bare(text)[at : at + 64] for at in range(0, len(bare(text)), 64)),
        lambda text: text.replace("\n", "\\n"),
        lambda text: text.replace("\n", " "),
        lambda text: text.replace("\n", "\r\n"),
    ],
)
def test_private_keys_in_every_wrapping(form: PrivateFormat, wrap: object) -> None:
    settings = read(environment(ALIPAY_APP_PRIVATE_KEY=wrap(private_pem("app", form))))  # type: ignore[operator]
    assert settings is not None
    assert settings.app_private_key.private_numbers() == key("app").private_numbers()


@pytest.mark.parametrize("wrap", [str, bare])
def test_public_keys_in_every_wrapping(wrap: object) -> None:
    settings = read(environment(ALIPAY_PUBLIC_KEY=wrap(public_pem("alipay"))))  # type: ignore[operator]
    assert settings is not None
    assert settings.alipay_public_key == key("alipay").public_key()
    assert settings.certificate_numbers is None


def test_the_gateway_is_alipays_unless_told_otherwise() -> None:
    settings = read(environment(ALIPAY_GATEWAY_URL=""))
    assert settings is not None
    assert settings.gateway_url == GATEWAY_URL


def test_everything_wrong_is_told_at_once_and_no_value_is_shown() -> None:
    told = faults(
        {
            "APP_ENV": "production",
            "ALIPAY_GATEWAY_URL": "http://planted-url.example/gateway.do",
            "ALIPAY_APP_ID": "planted-app",
            "ALIPAY_APP_PRIVATE_KEY": "planted+key",
            "ALIPAY_PUBLIC_KEY": "planted/public",
        }
    )
    named = ("GATEWAY_URL", "APP_ID", "SELLER_ID", "APP_PRIVATE_KEY", "PUBLIC_KEY")
    assert [fault.split()[0] for fault in told] == [f"ALIPAY_{name}" for name in named]
    assert "planted" not in str(SettingsFaults(told))


@pytest.mark.parametrize("url", ["ftp://x.example/", "https://", "https://x.example/?a=1", "https://[x/", "x"])
def test_what_is_no_gateway(url: str) -> None:
    assert len(faults(environment(ALIPAY_GATEWAY_URL=url))) == 1


def test_plain_http_only_in_development() -> None:
    env = environment(ALIPAY_GATEWAY_URL="http://127.0.0.1:3001/alipay/gateway.do")
    assert read(env) is not None
    assert faults({**env, "APP_ENV": "production"}) == ("ALIPAY_GATEWAY_URL must be an https URL without a query",)


def _pem(made: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, password: bytes | None = None) -> str:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


@pytest.mark.parametrize(
    "text",
    [
        _pem(rsa.generate_private_key(65537, 1024)),
        _pem(ec.generate_private_key(ec.SECP256R1())),
        _pem(ec.generate_private_key(ec.SECP256R1()), b"password"),
        base64.b64encode(b"not a key").decode(),
        "-----BEGIN PRIVATE KEY-----\n!!\n-----END PRIVATE KEY-----",
        "ключ",
    ],
)
def test_what_is_no_private_key(text: str) -> None:
    assert len(faults(environment(ALIPAY_APP_PRIVATE_KEY=text))) == 1


def _inconsistent() -> str:
    numbers = key("app").private_numbers()
    broken = rsa.RSAPrivateNumbers(
        numbers.p, numbers.q, numbers.d + 2, numbers.dmp1, numbers.dmq1, numbers.iqmp, numbers.public_numbers
    )
    return _pem(broken.private_key(unsafe_skip_rsa_key_validation=True))


def test_a_private_key_is_checked_unless_it_was_before() -> None:
    env = environment(ALIPAY_APP_PRIVATE_KEY=_inconsistent())
    assert len(faults(env)) == 1
    promised = {**env, "ALIPAY_KEY_VALIDATED": "1"}
    assert read(promised) is not None
    with pytest.warns(UserWarning, match="settings"):
        assert "alipay" in read_settings(promised).rails
    with pytest.warns(UserWarning, match="settings"):
        assert "alipay" not in read_settings(promised, is_key_check=True).rails, "migrate believed the promise"


def test_keys_do_not_show() -> None:
    assert "key" not in repr(read(environment())).lower()


def test_certificate_mode() -> None:
    settings = read(certificate_environment())
    assert settings is not None
    assert settings.alipay_public_key == key("alipay").public_key()
    assert settings.certificate_numbers is not None


def test_certificates_win_over_a_public_key() -> None:
    settings = read(certificate_environment(ALIPAY_PUBLIC_KEY=public_pem("stranger")))
    assert settings is not None
    assert settings.alipay_public_key == key("alipay").public_key()


def test_certificates_come_together() -> None:
    env = certificate_environment()
    del env["ALIPAY_CERT"], env["ALIPAY_ROOT_CERT"]
    assert faults(env) == ("ALIPAY_CERT is missing", "ALIPAY_ROOT_CERT is missing")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"ALIPAY_APP_CERT": pem(certificate("stranger", "root"))}, "ALIPAY_APP_CERT does not belong"),
        ({"ALIPAY_CERT": pem(certificate("alipay", "stranger"))}, "ALIPAY_CERT is not issued"),
        ({"ALIPAY_CERT": pem(certificate("alipay", "between"))}, "ALIPAY_CERT is not issued"),
        ({"ALIPAY_ROOT_CERT": pem(certificate("stranger", "stranger"))}, "ALIPAY_CERT is not issued"),
        ({"ALIPAY_CERT": "nothing"}, "ALIPAY_CERT must hold"),
    ],
)
def test_certificates_that_do_not_fit(changes: dict[str, str], named: str) -> None:
    told = faults({**certificate_environment(), **changes})
    assert len(told) == 1
    assert told[0].startswith(named)
