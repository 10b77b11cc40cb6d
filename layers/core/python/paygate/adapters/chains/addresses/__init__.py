"""Addresses: derived from an account's public key, written, read and checked. No private key comes near."""
