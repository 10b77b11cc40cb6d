UPDATE bank_statements SET state = 'APPROVED', approved_by = :by, approved_at = now()
WHERE id = :id AND state = 'WAITING_APPROVAL' AND imported_by <> :by
RETURNING id
