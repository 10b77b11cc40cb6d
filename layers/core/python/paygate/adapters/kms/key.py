"""A key in AWS KMS: `signing_ports.SigningKey`.

Of the key spec ECC_SECG_P256K1, it signs digests with ECDSA_SHA_256 (AWS KMS API Reference, "Sign": with the
message type DIGEST nothing is hashed again). Signatures come as DER (RFC 3279, section 2.2.3), public keys as
SubjectPublicKeyInfo (RFC 5280, section 4.1; "GetPublicKey"). KMS knows nothing of low s, so it is made so here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paygate import budget
from paygate.signing_ports import KeyUnavailable, KeyUnusable

if TYPE_CHECKING:
    from collections.abc import Callable

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141  # of secp256k1 (SEC 2, section 2.4.1)
_ALGORITHM, _USAGE = "ECDSA_SHA_256", "SIGN_VERIFY"
_DIGEST_BYTES = 32
_CONNECT_SECONDS, _READ_SECONDS = 2, 5
_SERVER_ERROR = 500
# "Sign", errors: what passes.
_NOT_NOW = frozenset({
    *("DependencyTimeoutException", "KeyUnavailableException", "KMSInternalException"),
    *("LimitExceededException", "ThrottlingException", "RequestExpired", "ServiceUnavailable"),
})  # fmt: skip


class KmsKey:
    """One key, by its ARN, which also says where it is."""

    def __init__(self, arn: str, endpoint_url: str | None = None) -> None:
        self._arn = arn
        self._endpoint_url = endpoint_url
        self._client: Any = None
        self._point: bytes | None = None

    def point(self) -> bytes:
        if self._point is None:
            found = self._ask(lambda kms: kms.get_public_key(KeyId=self._arn))
            if found.get("KeyUsage") != _USAGE or _ALGORITHM not in found.get("SigningAlgorithms", ()):
                raise KeyUnusable("it is no key that signs with ECDSA_SHA_256")
            self._point = _point(found.get("PublicKey", b""))
        return self._point

    def sign(self, digest: bytes, /) -> tuple[int, int]:
        if len(digest) != _DIGEST_BYTES:
            raise ValueError("a digest has 32 bytes")
        asked = {"KeyId": self._arn, "MessageType": "DIGEST", "SigningAlgorithm": _ALGORITHM}
        found = self._ask(lambda kms: kms.sign(Message=digest, **asked))
        r, s = numbers(found.get("Signature", b""))
        return r, min(s, ORDER - s)

    def _ask(self, question: Callable[[Any], Any]) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # heavy: first use only

        if budget.is_spent():
            raise KeyUnavailable("there is no time left to ask for it")
        try:
            return dict(question(self._kms()))
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            if code in _NOT_NOW or status >= _SERVER_ERROR:
                raise KeyUnavailable(f"KMS cannot now ({code or status})") from None
            raise KeyUnusable(f"KMS refuses it ({code or status})") from None
        except (BotoCoreError, ValueError) as error:
            raise KeyUnavailable(f"KMS gives no answer ({type(error).__name__})") from None

    def _kms(self) -> Any:
        if self._client is None:
            import boto3  # noqa: PLC0415  # heavy: first use only
            from botocore.config import Config  # noqa: PLC0415

            quick = Config(
                connect_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS, retries={"total_max_attempts": 2}
            )
            region = self._arn.split(":")[3]
            self._client = boto3.client("kms", region_name=region, endpoint_url=self._endpoint_url, config=quick)
        return self._client


def _point(der: bytes) -> bytes:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415  # heavy: first use only
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256K1, EllipticCurvePublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        PublicFormat,
        load_der_public_key,
    )

    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        raise KeyUnusable("its public key cannot be read") from None
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256K1):
        raise KeyUnusable("it is not of the key spec ECC_SECG_P256K1")
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def numbers(der: bytes) -> tuple[int, int]:
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature  # noqa: PLC0415

    try:
        r, s = decode_dss_signature(der)
    except ValueError:
        raise KeyUnusable("what came back is no signature") from None
    if not (0 < r < ORDER and 0 < s < ORDER):
        raise KeyUnusable("what came back is no signature on secp256k1")
    return r, s
