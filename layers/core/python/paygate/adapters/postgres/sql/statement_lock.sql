-- One statement at a time: what is the same money is decided against all that was counted before.
SELECT pg_advisory_xact_lock(7291002) IS NULL
