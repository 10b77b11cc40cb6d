-- A reading that ended with its process, an upload that never came.
UPDATE bank_statements
SET state = 'REFUSED', reason = CASE state WHEN 'READING' THEN 'interrupted' ELSE 'not_uploaded' END,
    detail = 'nothing came of it within a day'
WHERE state IN ('AWAITING_UPLOAD', 'READING') AND created_at < now() - interval '1 day'
