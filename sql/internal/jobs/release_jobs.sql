create or replace function internal.release_jobs()
returns void
language sql
volatile
security invoker
set search_path = ''
as $$
    update aspen.jobs as jobs
    set
        due_at = null,
        turn = internal.next_turn(jobs.group_id)
    from (
        select waiting.id
        from aspen.jobs as waiting
        where waiting.due_at <= clock_timestamp()
        order by waiting.due_at
        limit 1000
        for no key update skip locked
    ) as due
    where jobs.id = due.id;
$$;

comment on function internal.release_jobs() is
'Let the jobs start whose wait after a failed attempt is over';

revoke all on function internal.release_jobs() from public;
grant execute on function internal.release_jobs() to control;
