UPDATE bank_statements SET matched = :matched, unmatched = :unmatched, repeated = :repeated WHERE id = :id
