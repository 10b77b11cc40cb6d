"""One call of the HTTP API: its arguments, and what it may see."""

from dataclasses import dataclass

from infra.sandbox.tron import keys, messages
from infra.sandbox.tron.context import Node, View
from infra.sandbox.tron.errors import NodeError
from infra.sandbox.tron.keys import NoAddress
from infra.sandbox.tron.messages import Json
from infra.sandbox.tron.protobuf import Malformed

PARSE = "org.tron.core.services.http.JsonFormat$ParseException"
HASH_BYTES = 32


@dataclass(frozen=True)
class Asked:
    node: Node
    view: View
    args: Json
    is_get: bool = False

    @property
    def visible(self) -> bool:
        return str(self.args.get("visible", "")).lower() == "true"

    def number(self, name: str) -> int:
        value = self.args.get(name, 0)
        try:
            return int(str(value))
        except ValueError:
            if self.is_get:
                raise NodeError(f'For input string: "{value}"', "java.lang.NumberFormatException") from None
            raise NodeError(f"1:8: Couldn't parse integer: {value!r}", PARSE) from None

    def hash(self, name: str) -> str:
        raw = self._hex(name)
        return raw.hex() if len(raw) == HASH_BYTES else ""

    def address(self, name: str) -> str:
        """In hex, whichever form `visible` calls for; "" when it is not given."""
        text = str(self.args.get(name) or "")
        if not text:
            return ""
        if not self.visible:
            return self._hex(name).hex()
        try:
            return keys.from_base58check(text)
        except NoAddress:
            raise NodeError(f"1:12: INVALID base58 String, {text!r}", PARSE) from None

    def _hex(self, name: str) -> bytes:
        try:
            return messages.unhex(str(self.args.get(name) or ""))
        except Malformed as error:
            raise NodeError(f"1:10: {error}", PARSE) from None
