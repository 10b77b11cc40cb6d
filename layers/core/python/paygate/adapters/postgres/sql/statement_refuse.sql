UPDATE bank_statements SET state = 'REFUSED', reason = :reason, detail = :detail
WHERE id = :id AND state IN ('AWAITING_UPLOAD', 'READING')
