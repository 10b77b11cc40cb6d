-- At once, for all sessions: the application's role no longer finds a table.
REVOKE USAGE ON SCHEMA public FROM PUBLIC, paygate
