-- Two at once never pass the cap together: the second waits for the first's commit, and counts it.
INSERT INTO signing_days AS d (network, asset, day, units)
SELECT :network, :asset, (now() AT TIME ZONE 'UTC')::date, CAST(:units AS numeric)
WHERE CAST(:units AS numeric) <= CAST(:most AS numeric)
ON CONFLICT (network, asset, day) DO UPDATE SET units = d.units + EXCLUDED.units
WHERE d.units + EXCLUDED.units <= CAST(:most AS numeric)
RETURNING units
