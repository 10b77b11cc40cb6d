"""Core's JSON-RPC: version 29's methods as far as a gateway, its payers and its miners need them."""
