-- One row per statement, group and disclosure, from its transition tables: 10,000 new samples cost
-- one insert. Events are numbered later, by internal.number_events.
-- definer because nobody who changes a sample, a job or a tree may write event_notes.
create or replace function internal.note_events()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
    if tg_table_name = 'samples' then
        insert into aspen.event_notes (group_id, kind, row_ids, disclosed_at)
        select
            changed_rows.group_id,
            case tg_op
                when 'INSERT' then 'sample.created'
                when 'UPDATE' then 'sample.changed'
                else 'sample.deleted'
            end,
            array_agg(changed_rows.id),
            changed_rows.disclosed_at
        from changed_rows
        group by changed_rows.group_id, changed_rows.disclosed_at;
    elsif tg_table_name = 'jobs' then
        -- Registration ends a job and changes it again; only the step to its end counts.
        insert into aspen.event_notes (group_id, kind, status, row_ids, disclosed_at)
        select
            changed_rows.group_id,
            'job.ended',
            changed_rows.status,
            array_agg(changed_rows.id),
            '1900-01-01 00:00:00+00'
        from changed_rows
        inner join old_rows on changed_rows.id = old_rows.id
        where changed_rows.finished_at is not null and old_rows.finished_at is null
        group by changed_rows.group_id, changed_rows.status;
    else
        insert into aspen.event_notes (group_id, kind, row_ids, disclosed_at)
        select
            changed_rows.group_id,
            'tree.ready',
            array_agg(changed_rows.id),
            '1900-01-01 00:00:00+00'
        from changed_rows
        group by changed_rows.group_id;
    end if;
    return null;
end
$$;

comment on function internal.note_events() is
$$Trigger: note what a statement did to samples, jobs or trees

The rows are in changed_rows; those of an update before it are in old_rows.$$;

revoke all on function internal.note_events() from public;
