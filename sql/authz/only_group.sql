-- Declared immutable, though it reads a setting, so that the planner replaces it by its value: only
-- a constant lets it read the index of one group in order. A plan that another caller met would
-- show too few rows, never more, for the policy that uses this compares with aspen.any_groups as
-- well; and none is met, see authz.note_plan.
create or replace function authz.only_group()
returns bigint
language plpgsql
immutable
security invoker
set search_path = ''
as $$
begin
    return nullif(current_setting('aspen.only_group', true), '')::bigint;
end
$$;

comment on function authz.only_group() is
'The one group that the caller sees; null where plans are kept';

revoke all on function authz.only_group() from public;
grant execute on function authz.only_group() to member;
