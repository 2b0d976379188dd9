-- The login of PostgREST owns nothing and is granted nothing: a token with role authenticator reads nothing.
select pg_describe_object(dependencies.classid, dependencies.objid, dependencies.objsubid) as offender
from pg_catalog.pg_shdepend as dependencies
where
    dependencies.refobjid = 'authenticator'::regrole
    and dependencies.deptype in ('a', 'o', 'r')
    and dependencies.dbid in (0, (
        select databases.oid from pg_catalog.pg_database as databases where databases.datname = current_database()
    ))
