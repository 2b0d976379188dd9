-- Declared immutable, though it reads a setting, so that the planner replaces it by its value and
-- drops what policies and masks say for others. Each part of a policy is right whatever this says,
-- because it compares with the settings when the plan runs; and a mask shows members what their
-- part of the policies lets through. So a plan that another caller met would show too little, never
-- too much. None is met, see authz.note_plan.
create or replace function authz.planned_for()
returns text
language plpgsql
immutable
security invoker
set search_path = ''
as $$
begin
    return nullif(current_setting('aspen.planned_for', true), '');
end
$$;

comment on function authz.planned_for() is
$$Which kind of callers a plan is made for, by the groups they see

Groups direct or granted: member of one group, viewer of one group, member of all groups (several, in
each member or admin), or few groups. Null for many groups, and where plans are kept.$$;

revoke all on function authz.planned_for() from public;
grant execute on function authz.planned_for() to member, api_writer;
