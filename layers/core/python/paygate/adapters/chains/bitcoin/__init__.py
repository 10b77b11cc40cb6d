"""Bitcoin, over Core's JSON-RPC."""
