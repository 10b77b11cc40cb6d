"""PostgreSQL, the only truth: plain SQL in `sql/`, one statement a file."""
