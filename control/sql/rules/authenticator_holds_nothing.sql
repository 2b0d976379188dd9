-- The login of PostgREST owns nothing and is granted nothing: a token with role authenticator reads nothing.
select
    pg_describe_object(dependencies.classid, dependencies.objid, dependencies.objsubid) as object,
    'belongs or is granted to the login of PostgREST' as problem,
    'grant it to an API role (anon, member, operator, job) instead' as cure
from pg_catalog.pg_shdepend as dependencies
where
    dependencies.refobjid = 'authenticator'::regrole
    and dependencies.deptype in ('a', 'o', 'r')
    and dependencies.dbid in (0, (
        select databases.oid from pg_catalog.pg_database as databases where databases.datname = current_database()
    ))
