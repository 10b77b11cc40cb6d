SELECT id, state, imported_by, account, lines, repeats FROM bank_statements WHERE id = :id
