-- By place, so that dropping thousands never reads the whole table.
WITH dropped AS (
    DELETE FROM bank_statement_lines WHERE run = :run AND number > :after AND number <= :upto RETURNING 1
)
SELECT count(*) FROM dropped
