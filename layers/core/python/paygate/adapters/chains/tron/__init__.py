"""TRON, over a full node's HTTP API."""
