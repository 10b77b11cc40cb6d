    SELECT unnest(CAST(:ids AS text[])) AS id
