"""Functions by the folders that hold them, as the other documents call them."""

import re


def folder(name: str) -> str:
    """`PollChainFunction` is `poll_chain`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name.removesuffix("Function")).lower()
