-- Tried again like a batch of internal.create_samples, for its reasons.
-- definer because members have no write privilege on aspen.samples; row-level security holds for
-- api_writer too.
create or replace function internal.update_samples(group_id bigint, samples json)
returns json
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
    perform authz.require_member(
        update_samples.group_id, 'You cannot change samples of this group', 'full');
    if json_typeof(update_samples.samples) is distinct from 'array' then
        perform internal.fail(400, 'invalid_argument', 'samples must be an array of objects');
    end if;
    if json_array_length(update_samples.samples) > 20000 then
        perform internal.fail(413, 'batch_too_large', 'A batch has at most 20000 changes',
            json_build_object('samples', json_array_length(update_samples.samples))::text,
            'Send it in parts.');
    end if;
    if json_array_length(update_samples.samples) = 0 then
        perform internal.fail(400, 'empty_batch', 'The batch has no samples', null,
            'Send at least one sample.');
    end if;
    for attempt in 1..10 loop
        begin
            return internal.store_changes(update_samples.group_id, update_samples.samples);
        exception
            when unique_violation or deadlock_detected or sqlstate '55000' then
                null;
        end;
    end loop;
    perform internal.fail(409, 'sample_exists',
        'Nothing was changed: other requests keep changing the same samples',
        null, 'Send the batch again.');
    return null;
end
$$;

comment on function internal.update_samples(bigint, json) is
'Change samples for api.update_samples, as api_writer';

revoke all on function internal.update_samples(bigint, json) from public;
grant execute on function internal.update_samples(bigint, json) to member;
