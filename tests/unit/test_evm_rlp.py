"""RLP against the examples of ethereum.org ("Recursive-length prefix (RLP) serialization"), and what is refused."""

import pytest

from paygate.adapters.chains.evm import rlp

LONG = b"Lorem ipsum dolor sit amet, consectetur adipisicing elit"


@pytest.mark.parametrize(
    ("items", "written"),
    [
        ([b"cat", b"dog"], "c88363617483646f67"),
        ([], "c0"),
        ([b""], "c180"),
        ([b"\x00"], "c100"),
        ([b"\x0f"], "c10f"),
        ([b"\x04\x00"], "c3820400"),
        ([b"\x80"], "c28180"),
        ([()], "c1c0"),
        ([LONG], "f83a" + "b838" + LONG.hex()),
        ([bytes(1024)], "f90403" + "b90400" + "00" * 1024),
    ],
)
def test_one_encoding(items: list[rlp.Item], written: str) -> None:
    assert rlp.encode(items).hex() == written
    assert rlp.decode(bytes.fromhex(written)) == items


@pytest.mark.parametrize(
    "written",
    [
        *("", "00", "83636174", "c8836361", "c88363617483646f6700", "c2c180", "c18363", "c28100"),
        *("f83ab839" + LONG.hex(), "f80181", "f900", "b8", "ff" + "ff" * 8, "f803b80163", "f8028180"),
    ],
)
def test_any_other_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        rlp.decode(bytes.fromhex(written))


@pytest.mark.parametrize("number", [0, 1, 127, 128, 255, 256, 10**18, 2**256 - 1])
def test_numbers_have_no_zeros_before_them(number: int) -> None:
    written = rlp.integer(number)
    assert rlp.read_integer(written) == number
    with pytest.raises(ValueError, match="number"):
        rlp.read_integer(b"\0" + written)
    with pytest.raises(ValueError, match="number"):
        rlp.read_integer(())
