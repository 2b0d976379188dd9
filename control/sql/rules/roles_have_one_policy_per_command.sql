-- No role is named by two permissive policies for the same command: one place says what it may do.
select
    format('%s and %s on %s', policies.polname, others.polname, policies.polrelid::regclass)
        as object,
    'two permissive policies let the same role run the same command, and the wider one wins'
        as problem,
    'make them one policy, or name other roles' as cure
from pg_catalog.pg_policy as policies
inner join pg_catalog.pg_policy as others
    on
        policies.polrelid = others.polrelid
        and policies.polcmd = others.polcmd
        and policies.polname < others.polname
where policies.polpermissive and others.polpermissive and policies.polroles && others.polroles
