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
    full_groups text := current_setting('aspen.full_groups');
    done text;
begin
    done := set_config(
        'aspen.planned_for',
        case
            when any_groups = full_groups
                then case
                    when strpos(any_groups, ',') = 0 then 'member of one group'
                    else 'member of all groups'
                end
            when full_groups = '{}' and strpos(any_groups, ',') = 0 then 'viewer of one group'
            -- The text of few is parsed for each row, which costs less than authz.any_groups.
            when length(any_groups) <= 100 then 'few groups'
        end,
        true
    );
end
$$;

comment on function authz.note_plan() is
'Set what authz.planned_for says; nothing where plans are kept';

revoke all on function authz.note_plan() from public;
grant execute on function authz.note_plan() to claims_reader;
