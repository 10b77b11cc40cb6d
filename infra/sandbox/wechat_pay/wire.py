"""The API's bytes: how requests are verified, how answers and callbacks are signed and sealed.

"如何生成请求签名", "如何验证签名", "如何解密回调报文". A client signs the path that the
original serves, from /v3 on: what stands before it here (/wechat_pay) is part of the address, as the prefix of a
reverse proxy would be.
"""

import base64
import re
import secrets
import time
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from infra.sandbox.ledger import Db
from infra.sandbox.wechat_pay.errors import unsigned
from infra.sandbox.wechat_pay.merchant import Merchant, Signer

SCHEME = "WECHATPAY2-SHA256-RSA2048"
ALGORITHM = "AEAD_AES_256_GCM"
PROBE = "WECHATPAY/SIGNTEST/"
WINDOW_SECONDS = 300
FIELDS = {"mchid", "nonce_str", "signature", "timestamp", "serial_no"}
# What a kind of fault does to the signature of an answer or a callback.
SIGNATURE_KINDS = {"bad_signature", "unsigned", "probe", "stale", "unknown_serial", "public_key"}


@dataclass(frozen=True)
class Authorization:
    mchid: str
    nonce: str
    signature: str
    timestamp: int
    serial: str


def read_authorization(header: str) -> Authorization:
    scheme, _, rest = header.partition(" ")
    if not header:
        raise unsigned("Http头Authorization值格式错误,请参考《微信支付商户REST API签名规则》")
    if scheme != SCHEME:
        raise unsigned("Http头Authorization认证类型不正确")
    found = dict(re.findall(r'(\w+)="([^"]*)"', rest))
    well_formed = re.fullmatch(r'\w+="[^"]*"(,\w+="[^"]*"){4}', rest) and found.keys() == FIELDS
    if not well_formed or not re.fullmatch(r"[0-9]{1,12}", found["timestamp"]):
        raise unsigned("Http头Authorization值格式错误,请参考《微信支付商户REST API签名规则》")
    return Authorization(
        found["mchid"], found["nonce_str"], found["signature"], int(found["timestamp"]), found["serial_no"]
    )


def verify(header: str, method: str, url: str, body: bytes, merchant: Merchant) -> Authorization:
    """Check one call: its time first, then who signs, then the signature. `url` is path and query as sent."""
    sent = read_authorization(header)
    if abs(time.time() - sent.timestamp) > WINDOW_SECONDS:
        raise unsigned("Http头Authorization中的timestamp与发起请求的时间不得超过5分钟")
    if sent.mchid != merchant.mch_id:
        raise unsigned("商户号有误或未申请过证书")
    if sent.serial != merchant.serial:
        raise unsigned("商户证书序列号有误。请使用签名私钥匹配的证书序列号")
    head = f"{method}\n{url}\n{sent.timestamp}\n{sent.nonce}\n".encode()
    try:
        signature = base64.b64decode(sent.signature, validate=True)
        merchant.public_key.verify(signature, head + body + b"\n", padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        raise unsigned("错误的签名,验签失败", _sign_information(method, url, head, body)) from None
    return sent


def spend_nonce(db: Db, nonce: str) -> None:
    """A signed request counts once. The original asks for random nonces; that it refuses repeats is not said."""
    now = time.time()
    db.execute("DELETE FROM nonces WHERE used_at < ?", (now - 2 * WINDOW_SECONDS,))
    known = db.execute("SELECT 1 FROM nonces WHERE nonce = ?", (nonce,)).fetchone()
    if known or not 1 <= len(nonce) <= 32:  # noqa: PLR2004
        raise unsigned("Http头Authorization中的nonce_str重复或长度有误")
    db.execute("INSERT INTO nonces VALUES (?, ?)", (nonce, now))


def sign(signer: Signer, timestamp: int, nonce: str, body: bytes) -> str:
    message = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
    return base64.b64encode(signer.key.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()


def signature_headers(merchant: Merchant, signer: Signer, body: bytes, kind: str = "") -> dict[str, str]:
    """The Wechatpay-* headers over exactly these bytes, or with what a fault of `kind` does to them."""
    if kind == "unsigned":
        return {}
    if kind == "public_key":
        signer = merchant.public_key_signer
    timestamp = int(time.time()) - (2 * WINDOW_SECONDS if kind == "stale" else 0)
    nonce = secrets.token_hex(16)
    signature = sign(signer, timestamp, nonce, body + (b" " if kind == "bad_signature" else b""))
    if kind == "probe":
        signature = PROBE + secrets.token_urlsafe(200)
    serial = secrets.token_hex(20).upper() if kind == "unknown_serial" else signer.serial
    return {
        "Wechatpay-Timestamp": str(timestamp),
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature": signature,
        "Wechatpay-Signature-Type": SCHEME,
        "Wechatpay-Serial": serial,
    }


def seal(merchant: Merchant, plain: bytes, associated_data: str, nonce: str = "") -> dict[str, str]:
    """AEAD_AES_256_GCM with the APIv3 key; nonce and associated data enter as the bytes of their text."""
    nonce = nonce or secrets.token_hex(6)
    sealed = AESGCM(merchant.api_v3_key).encrypt(nonce.encode(), plain, associated_data.encode())
    return {
        "algorithm": ALGORITHM,
        "ciphertext": base64.b64encode(sealed).decode(),
        "associated_data": associated_data,
        "nonce": nonce,
    }


def unseal_field(signer: Signer, ciphertext: str) -> str:
    """A sensitive field of a request: RSAES-OAEP with SHA-1, in base64 ("如何加密敏感信息"); else ValueError."""
    scheme = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303  as the protocol has it
    return signer.key.decrypt(base64.b64decode(ciphertext, validate=True), scheme).decode()


def _sign_information(method: str, url: str, head: bytes, body: bytes) -> dict[str, object]:
    """What the original tells about a wrong signature, with the body cut ("签名常见问题")."""
    return {
        "field": "signature",
        "issue": "sign not match",
        "location": "authorization",
        "sign_information": {
            "method": method,
            "url": url,
            "truncated_sign_message": (head + body[:8] + b"\n").decode(errors="replace"),
            "sign_message_length": len(head + body) + 1,
        },
    }
