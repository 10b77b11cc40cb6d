SELECT run, lines FROM bank_statements WHERE id = :id
