-- The lock is taken by a statement of its own, so that the next one sees what the last holder of
-- the lock committed. It is held until the transaction ends, so call it in a transaction of its
-- own. Note by note, and not in one statement: a note is a whole batch, and the rows of one are
-- found by a list of ids, whatever the tables held when the plan was made. A join of both took a
-- minute for 10,000 samples.
create or replace function internal.number_events(most integer default 100)
returns bigint
language plpgsql
volatile
security invoker
set search_path = ''
set enable_seqscan = 'off'
as $$
declare
    note aspen.event_notes;
    numbered bigint := 0;
begin
    perform pg_advisory_xact_lock(hashtextextended('aspen.events', 0));
    for note in
        select notes.* from aspen.event_notes as notes order by notes.id limit number_events.most
    loop
        -- Earlier events of a sample are seen by whoever may see the sample now.
        if note.kind like 'sample.%' then
            update aspen.events as events
            set disclosed_at = note.disclosed_at
            where events.row_id = any(note.row_ids)
                and events.group_id = note.group_id
                and events.kind like 'sample.%'
                and events.disclosed_at <> note.disclosed_at;
        end if;
        insert into aspen.events (group_id, kind, row_id, status, disclosed_at, occurred_at)
        select note.group_id, note.kind, rows.id, note.status, note.disclosed_at, note.occurred_at
        from unnest(note.row_ids) as rows (id)
        order by rows.id;
        numbered := numbered + cardinality(note.row_ids);
        delete from aspen.event_notes as notes where notes.id = note.id;
    end loop;
    return numbered;
end
$$;

comment on function internal.number_events(integer) is
$$Move what happened to the feed, in the order of its commit

Returns how many events. most: how many statements at once. Zero if nothing is left.$$;

revoke all on function internal.number_events(integer) from public;
grant execute on function internal.number_events(integer) to control;
