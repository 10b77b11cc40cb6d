-- Networks that share addresses: one that nobody chose yet is paid over by mistake.
SELECT min(first.created_at) FROM unnest(string_to_array(:networks, ',')) AS n(network), LATERAL (
    SELECT created_at FROM addresses a WHERE a.network = n.network ORDER BY created_at LIMIT 1) first
