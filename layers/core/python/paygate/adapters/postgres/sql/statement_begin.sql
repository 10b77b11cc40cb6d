UPDATE bank_statements SET state = 'READING' WHERE id = :id AND state IN ('AWAITING_UPLOAD', 'READING')
RETURNING id
