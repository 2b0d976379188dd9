-- Groups take turns without anybody counting them: a new job gets the turn after the last one of
-- its group, but none that is past. So the first job of one group comes before the second job of
-- another, however many thousands that one has queued, and workers read the queue in the order of
-- one index. The sequence is no counter but the turn up to which workers have come: unlike a row,
-- it has no versions that pile up while somebody holds a snapshot.
-- One statement may queue thousands of jobs with the plan of the first, made for an empty table.
create or replace function internal.next_turn(group_id bigint)
returns bigint
language sql
volatile
security invoker
set search_path = ''
set enable_seqscan = 'off'
set enable_bitmapscan = 'off'
set enable_sort = 'off'
as $$
    select greatest(
        (select clock.last_value from aspen.job_turns as clock),
        (
            select jobs.turn + 1
            from aspen.jobs as jobs
            where jobs.group_id = next_turn.group_id and jobs.turn > 0
            order by jobs.turn desc
            limit 1
        )
    );
$$;

comment on function internal.next_turn(bigint) is
'Return the place in the queue that the next job of a group gets';

revoke all on function internal.next_turn(bigint) from public;
grant execute on function internal.next_turn(bigint) to api_writer, results_keeper;
