-- Without a token, the only functions that run with other rights are the one that looks for a
-- token, and two that look for the token of a link.
select
    functions.oid::regprocedure::text as object,
    'runs with the rights of its owner, and anybody without a token may call it' as problem,
    format('revoke execute on function %s from anon, public', functions.oid::regprocedure) as cure
from pg_catalog.pg_proc as functions
where
    functions.pronamespace::regnamespace::text ~ '^(aspen|authz|internal|api(_v[0-9]+)?)$'
    and functions.prosecdef
    and has_function_privilege('anon', functions.oid, 'execute')
    and functions.oid::regprocedure::text not in (
        'authz.admit_request(text)',
        'internal.shared_phylo_tree(text)',
        'internal.shared_sequences(text)'
    )
