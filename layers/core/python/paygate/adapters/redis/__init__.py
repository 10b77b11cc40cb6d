"""Redis, the fast path: whatever it forgets or however it hangs, PostgreSQL decides."""
