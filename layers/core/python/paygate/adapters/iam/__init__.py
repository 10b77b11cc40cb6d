"""Passwords that AWS's own servers take instead of stored ones: requests signed with the function's role."""
