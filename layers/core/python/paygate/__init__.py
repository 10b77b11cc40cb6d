"""paygate: one payment gateway core, shared by every function."""
