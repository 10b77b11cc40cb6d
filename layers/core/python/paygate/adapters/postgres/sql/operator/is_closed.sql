SELECT NOT has_schema_privilege('paygate', 'public', 'USAGE')
