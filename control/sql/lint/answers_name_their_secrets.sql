-- What a function returns as a token or a link is shown once: it is not in the answer that is kept
-- for a repeated request.
-- Fix: add the key to authz.secret_names.
select
    format('%s: %s', functions.oid::regprocedure, names.name) as object,
    'the answer that is kept shows it again' as problem,
    'add the name to authz.secret_names(), or take another one if it is no secret' as cure
from pg_catalog.pg_proc as functions
cross join
    lateral (
        select returned.name
        from unnest(functions.proargnames, functions.proargmodes) as returned (name, mode)
        where returned.mode in ('o', 'b', 't')
        union
        select found.parts[1] as name
        from
            regexp_matches(
                pg_get_functiondef(functions.oid), '''(\w+)''(?:::text)?\s*,', 'g'
            ) as found (parts)
        where functions.prorettype in ('json'::regtype, 'jsonb'::regtype)
    ) as names (name)
where
    functions.pronamespace::regnamespace::text ~ '^api(_v[0-9]+)?$'
    and functions.prokind = 'f'
    and functions.provolatile = 'v'
    and names.name ~ '(^|_)(token|link|url|secret|password|passphrase|credential|signature)s?$'
    and names.name <> all(authz.secret_names())
