-- Compare-and-set: of two runs over one upload the first counts. The index on the file's hash holds the same file
-- under two ids apart.
UPDATE bank_statements
SET state = :state, run = :run, sha256 = :sha256, size_bytes = :size_bytes, said = CAST(:said AS json),
    transactions = :transactions, credits = :credits, lines = :lines,
    imported_at = CASE WHEN :state = 'IMPORTED' THEN now() END
WHERE id = :id AND state = 'READING'
RETURNING id
