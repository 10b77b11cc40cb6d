DELETE FROM seen_signatures WHERE signature IN (
    SELECT signature FROM seen_signatures WHERE seen_at < now() - interval '15 minutes'
    ORDER BY seen_at LIMIT 5000
)
