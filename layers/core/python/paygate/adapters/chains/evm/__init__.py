"""Ethereum and BNB Smart Chain: one adapter, two configurations."""
