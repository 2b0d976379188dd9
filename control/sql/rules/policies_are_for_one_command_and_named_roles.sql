-- Every policy names its roles; all but the restrictive fences are for a single command.
select
    format('%s on %s', policies.polname, policies.polrelid::regclass) as object,
    'the policy is for every role or for every command' as problem,
    'say for which command (for select) and for whom (to member)' as cure
from pg_catalog.pg_policy as policies
where 0 = any(policies.polroles) or policies.polcmd = '*' and policies.polpermissive
