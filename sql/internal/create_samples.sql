-- A batch that meets another request storing or deleting the same samples is taken back and tried
-- again: each attempt sees what was stored when it begins, so that on_conflict holds for that too,
-- and a refusal names it. One attempt is all there is where nobody interferes.
-- definer because members have no write privilege on aspen.samples; row-level security holds for
-- api_writer too.
create or replace function internal.create_samples(
    group_id bigint,
    pathogen text,
    samples json,
    on_conflict text
)
returns json
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
    if (create_samples.group_id = any(nullif(current_setting('aspen.member_groups', true),
        '')::bigint[])) is not true then
        perform internal.fail(403, 'group_access_denied', 'You cannot create samples in this group',
            json_build_object('group_id', create_samples.group_id)::text,
            'A direct role of member or admin is needed.');
    end if;
    if create_samples.on_conflict is null or create_samples.on_conflict not in ('error', 'skip',
        'update') then
        perform internal.fail(400, 'invalid_argument', 'on_conflict must be error, skip or update',
            json_build_object('on_conflict', left(create_samples.on_conflict, 200))::text);
    end if;
    -- A migration keeps a batch waiting as long as any other request; only an attempt waits longer,
    -- for another batch with the same samples.
    lock table aspen.samples, aspen.sequences in row exclusive mode;
    for attempt in 1..10 loop
        begin
            return internal.store_samples(
                create_samples.group_id, create_samples.pathogen, create_samples.samples,
                create_samples.on_conflict
            );
        exception
            when unique_violation or deadlock_detected or sqlstate '55000' then
                null;
        end;
    end loop;
    perform internal.fail(409, 'sample_exists',
        'Nothing was stored: other requests keep storing the same samples',
        null, 'Send the batch again.');
    return null;
end
$$;

comment on function internal.create_samples(bigint, text, json, text) is
'What api.create_samples does, as api_writer';

revoke all on function internal.create_samples(bigint, text, json, text) from public;
grant execute on function internal.create_samples(bigint, text, json, text) to member;
