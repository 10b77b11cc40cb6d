-- A reading that ended with its process, an upload that never came. Ids sort by time.
UPDATE bank_statements
SET state = 'REFUSED', reason = CASE state WHEN 'READING' THEN 'interrupted' ELSE 'not_uploaded' END,
    detail = 'nothing came of it within a day'
WHERE state IN ('AWAITING_UPLOAD', 'READING') AND id < :before
