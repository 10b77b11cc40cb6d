UPDATE bank_statements SET state = 'IMPORTED', imported_at = now()
WHERE id = :id AND state = 'APPROVED'
RETURNING id
