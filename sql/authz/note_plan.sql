-- Lets the planner count on who is asking, where the plan serves this request only. PostgreSQL
-- makes a new one each time if plan_cache_mode says so, as authenticator's does, and the statement
-- has a parameter: every list has one, its limit.
create or replace function authz.note_plan()
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    any_groups text := case
        when
            current_setting('plan_cache_mode') = 'force_custom_plan'
            and current_setting('request.method', true) in ('GET', 'HEAD')
            and current_setting('request.path', true) not like '/rpc/%'
            then current_setting('aspen.any_groups')
    end;
    done text[];
begin
    done := array[
        set_config(
            'aspen.only_group',
            case
                when any_groups <> '{}' and strpos(any_groups, ',') = 0
                    then btrim(any_groups, '{}')
            end,
            true
        ),
        set_config(
            'aspen.is_viewer_nowhere',
            case when any_groups = current_setting('aspen.full_groups') then 'true' end,
            true
        )
    ];
end
$$;

comment on function authz.note_plan() is
$$Set what authz.only_group and authz.is_viewer_nowhere say

Nothing where plans are kept.$$;

revoke all on function authz.note_plan() from public;
grant execute on function authz.note_plan() to claims_reader;
