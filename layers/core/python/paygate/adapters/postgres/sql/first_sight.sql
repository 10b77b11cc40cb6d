INSERT INTO seen_signatures (signature) VALUES (:signature) ON CONFLICT DO NOTHING RETURNING signature
