-- The login of PostgREST owns nothing and is granted nothing: a token with role authenticator reads
-- nothing. But for the functions of our casts: PostgREST sees a cast only if its login may execute
-- it, and all they do is read a value.
select
    pg_describe_object(dependencies.classid, dependencies.objid, dependencies.objsubid) as object,
    'belongs or is granted to the login of PostgREST' as problem,
    'grant it to an API role (anon, member, operator, job) instead' as cure
from pg_catalog.pg_shdepend as dependencies
where
    dependencies.refobjid = 'authenticator'::regrole
    and dependencies.deptype in ('a', 'o', 'r')
    and dependencies.dbid in (0, (
        select databases.oid from pg_catalog.pg_database as databases
        where databases.datname = current_database()
    ))
    and not (
        dependencies.classid = 'pg_proc'::regclass
        and dependencies.deptype = 'a'
        and exists (
            select from pg_catalog.pg_cast as casts
            inner join pg_catalog.pg_proc as functions on casts.castfunc = functions.oid
            where
                casts.castfunc = dependencies.objid
                and functions.pronamespace::regnamespace::text = 'authz'
                and functions.proname ~ '^(written|sought)_'
                and not functions.prosecdef
        )
    )
