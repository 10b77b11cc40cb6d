-- What was signed today and is forgotten counts as all that may be signed today.
INSERT INTO signing_days AS d (network, asset, day, units)
VALUES (:network, :asset, (now() AT TIME ZONE 'UTC')::date, CAST(:units AS numeric))
ON CONFLICT (network, asset, day) DO UPDATE SET units = greatest(d.units, EXCLUDED.units)
