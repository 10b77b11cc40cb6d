"""Blockchains: where payers of each payment send to, and what their nodes tell of it."""
