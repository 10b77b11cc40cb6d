from enum import StrEnum


class Can(StrEnum):
    """What a chain or its test node can do; `needs` names it, and a test is not made for others."""

    FAIL = "a transaction can be in a block and have failed"
    SEVERAL = "one transaction can pay several"
    TURN = "blocks can be replaced by others"
    WAIT = "a transaction can be seen to wait for a block"
    FINAL = "the chain itself calls blocks final"
    HIDE = "money can come that blocks do not show"
    NAME_SENDER = "a transfer names who sent it"
