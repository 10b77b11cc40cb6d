GRANT USAGE ON SCHEMA public TO paygate
