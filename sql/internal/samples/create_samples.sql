-- A batch that meets another request storing or deleting the same samples is rolled back and tried
-- again: each attempt sees what was stored when it begins, so that on_conflict holds for that too,
-- and an error names it. Where nobody interferes, the first attempt is the only one.
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
declare
    pathogen_row aspen.pathogens;
    sample_count integer;
begin
    perform authz.require_member(
        create_samples.group_id, 'You cannot create samples in this group');
    if create_samples.on_conflict is null or create_samples.on_conflict not in ('error', 'skip',
        'update') then
        perform internal.fail(400, 'invalid_argument', 'on_conflict must be error, skip or update',
            json_build_object('on_conflict', left(create_samples.on_conflict, 200))::text);
    end if;
    pathogen_row := internal.pathogen_of(create_samples.pathogen);
    if json_typeof(create_samples.samples) is distinct from 'array' then
        perform internal.fail(400, 'invalid_argument', 'samples must be an array of objects');
    end if;
    sample_count := json_array_length(create_samples.samples);
    if sample_count > 100000 then
        perform internal.fail(413, 'batch_too_large', 'A batch has at most 100000 samples',
            json_build_object('samples', sample_count)::text,
            'Send it in parts.');
    end if;
    if sample_count = 0 then
        perform internal.fail(400, 'empty_batch', 'The batch has no samples', null,
            'Send at least one sample.');
    end if;
    -- A migration keeps a batch waiting as long as any other request; only an attempt waits longer,
    -- for another batch with the same samples.
    lock table aspen.samples, aspen.sequences in row exclusive mode;
    for attempt in 1..10 loop
        begin
            return internal.store_samples(create_samples.group_id, pathogen_row,
                create_samples.samples, create_samples.on_conflict);
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
'Create samples for api.create_samples, as api_writer';

revoke all on function internal.create_samples(bigint, text, json, text) from public;
grant execute on function internal.create_samples(bigint, text, json, text) to member;
