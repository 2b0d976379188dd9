-- A function that runs with its owner's rights is owned by a role made for that, with policies of
-- its own. Functions elsewhere count once somebody who serves callers may execute them.
select
    format('%s of %s', functions.oid::regprocedure, functions.proowner::regrole) as object,
    'runs with the rights of an owner that was not made for that' as problem,
    'make it security invoker, or list it in sql/owners.sql under the role it is to run as' as cure
from pg_catalog.pg_proc as functions
where
    functions.prosecdef
    and functions.proowner::regrole::text not in (
        'claims_reader', 'api_writer', 'auditor', 'job_runner', 'presigner', 'registrar',
        'results_keeper', 'observer'
    )
    and (
        functions.pronamespace::regnamespace::text ~ '^(aspen|authz|internal|api(_v[0-9]+)?)$'
        or functions.pronamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
        and not exists (
            select from pg_catalog.pg_depend as links
            where
                links.classid = 'pg_catalog.pg_proc'::regclass
                and links.objid = functions.oid
                and links.deptype = 'e'
        )
        and exists (
            select from pg_catalog.pg_roles as roles
            where
                roles.rolname in (
                    'authenticator', 'anon', 'member', 'operator', 'job', 'analyst',
                    'claims_reader', 'api_writer', 'auditor', 'job_runner', 'presigner',
                    'registrar', 'results_keeper', 'observer'
                )
                and has_function_privilege(roles.oid, functions.oid, 'execute')
        )
    )
