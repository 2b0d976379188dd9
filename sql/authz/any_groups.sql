-- Reads a setting of authz.identify_caller. The planner puts the body in the place of the call,
-- because it is stable, has no `set` clause and the caller may execute it. So the planner sees the
-- groups and estimates their rows, which it cannot do behind `(select …)` (docs/architecture.md).
-- `nullif` makes an unset setting no groups instead of an error.
-- The text of many groups is parsed once, by the planner, and not again for each row. When the plan
-- runs, the text is compared, so whoever meets a kept plan sees their own groups. The functions
-- beside it do the same for the other settings.
create or replace function authz.any_groups()
returns bigint[]
language sql
stable
security invoker
begin atomic
    select
        case
            when
                current_setting('aspen.any_groups', true)
                = authz.planned_setting('aspen.any_groups')
                then authz.planned_groups('aspen.any_groups')
            else nullif(current_setting('aspen.any_groups', true), '')::bigint[]
        end;
end;

comment on function authz.any_groups() is
'Groups whose rows the caller sees: direct or granted, any role';

revoke all on function authz.any_groups() from public;
grant execute on function authz.any_groups() to member, api_writer, claims_reader;
