-- Tried again like a batch of internal.create_samples, for its reasons.
-- definer because members have no write privilege on aspen.samples; row-level security holds for
-- api_writer too.
create or replace function internal.delete_samples(group_id bigint, ids json, identifiers json)
returns json
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    samples json;
begin
    perform authz.require_member(
        delete_samples.group_id, 'You cannot delete samples of this group', 'full');
    -- A list that is left out is empty; at least one is given.
    if coalesce(json_typeof(coalesce(delete_samples.ids, delete_samples.identifiers)) <> 'array'
        or json_typeof(coalesce(delete_samples.identifiers, delete_samples.ids)) <> 'array', true)
    then
        perform internal.fail(400, 'invalid_argument', 'ids and identifiers must be arrays',
            null, 'Send one of them, or both.');
    end if;
    select coalesce(json_agg(named.sample order by named.list, named.place), '[]') into samples
    from (
        select 1 as list, given.place, json_build_object('id', given.item) as sample
        from json_array_elements(delete_samples.ids) with ordinality as given(item, place)
        union all
        select 2, given.place, json_build_object('identifier', given.item)
        from json_array_elements(delete_samples.identifiers) with ordinality as given(item, place)
    ) as named;
    if json_array_length(samples) > 20000 then
        perform internal.fail(413, 'batch_too_large', 'A batch deletes at most 20000 samples',
            json_build_object('samples', json_array_length(samples))::text, 'Send it in parts.');
    end if;
    if json_array_length(samples) = 0 then
        perform internal.fail(400, 'empty_batch', 'The batch has no samples', null,
            'Send at least one sample.');
    end if;
    for attempt in 1..10 loop
        begin
            return internal.remove_samples(delete_samples.group_id, samples);
        exception
            when deadlock_detected or sqlstate '55000' then
                null;
        end;
    end loop;
    perform internal.fail(409, 'sample_exists',
        'Nothing was changed: other requests keep changing the same samples',
        null, 'Send the batch again.');
    return null;
end
$$;

comment on function internal.delete_samples(bigint, json, json) is
'Delete samples for api.delete_samples, as api_writer';

revoke all on function internal.delete_samples(bigint, json, json) from public;
grant execute on function internal.delete_samples(bigint, json, json) to member;
