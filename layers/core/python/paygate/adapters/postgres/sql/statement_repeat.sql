UPDATE bank_statements SET state = 'REPEATED', repeats = :first, sha256 = :sha256
WHERE id = :id AND state IN ('AWAITING_UPLOAD', 'READING')
