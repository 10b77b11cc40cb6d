"""Output descriptors' checksum (Core's doc/descriptors.md, BIP 380 "Checksum")."""

INPUT = "0123456789()[],'/*abcdefgh@:$%{}IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~ijklmnopqrstuvwxyzABCDEFGH`#\"\\ "
OUTPUT = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
GENERATOR = (0xF5DEE51989, 0xA9FDCA3312, 0x1BAB10E32D, 0x3706B1677A, 0x644D626FFD)


def with_checksum(text: str) -> str:
    return f"{text}#{checksum(text)}"


def checksum(text: str) -> str:
    state, classes, count = 1, 0, 0
    for letter in text:
        place = INPUT.index(letter)
        state = _step(state, place & 31)
        classes, count = classes * 3 + (place >> 5), count + 1
        if count == 3:
            state, classes, count = _step(state, classes), 0, 0
    if count:
        state = _step(state, classes)
    for _ in range(8):
        state = _step(state, 0)
    state ^= 1
    return "".join(OUTPUT[state >> 5 * (7 - place) & 31] for place in range(8))


def _step(state: int, value: int) -> int:
    top = state >> 35
    state = (state & 0x7FFFFFFFF) << 5 ^ value
    for place, term in enumerate(GENERATOR):
        state ^= term if top >> place & 1 else 0
    return state
