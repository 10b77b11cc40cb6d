DELETE FROM bank_statement_lines l
WHERE created_at < now() - interval '1 day' AND NOT EXISTS (
    SELECT FROM bank_statements s
    WHERE s.id = l.statement_id AND s.run = l.run AND s.state IN ('WAITING_APPROVAL', 'APPROVED'))
