-- Policies for insert and update, and fences, state the check for new rows themselves.
-- Fix: write `with check (…)`, in sql/policies/<table>.sql.
select format('%s on %s', policies.polname, policies.polrelid::regclass) as object
from pg_catalog.pg_policy as policies
where policies.polcmd in ('a', 'w', '*') and policies.polwithcheck is null
