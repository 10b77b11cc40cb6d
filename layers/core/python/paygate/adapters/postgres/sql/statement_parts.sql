SELECT part, min(number) - 1, max(number), count(*) FROM bank_statement_lines
WHERE run = (SELECT run FROM bank_statements WHERE id = :id) GROUP BY part ORDER BY part
