-- Tried again like a batch of internal.create_samples, for its reasons.
-- definer because members have no write privilege on aspen.samples; row-level security holds for
-- api_writer too.
create or replace function internal.restore_samples(group_id bigint, ids json, at text)
returns json
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    moment timestamptz;
    problems json;
    sample_ids bigint[];
begin
    perform authz.require_member(
        restore_samples.group_id, 'You cannot restore samples of this group');
    if json_typeof(restore_samples.ids) is distinct from 'array' then
        perform internal.fail(400, 'invalid_argument', 'ids must be an array');
    end if;
    if json_array_length(restore_samples.ids) > 20000 then
        perform internal.fail(413, 'batch_too_large', 'A batch restores at most 20000 samples',
            json_build_object('samples', json_array_length(restore_samples.ids))::text,
            'Send it in parts.');
    end if;
    if json_array_length(restore_samples.ids) = 0 then
        perform internal.fail(400, 'empty_batch', 'The batch has no samples', null,
            'Send at least one id.');
    end if;
    if restore_samples.at is not null then
        moment := internal.known_moment(restore_samples.at);
    end if;
    select json_agg(json_build_object('row', named.place, 'private_identifier', null, 'field', 'id',
        'value', left(named.value, 200), 'reason', named.reason) order by named.place)
    into problems
    from (
        select
            given.place,
            given.value,
            case
                when given.value is null or given.value !~ '^[0-9]{1,18}$'
                    then 'must be an integer of at most 18 digits'
                when count(*) over (
                    partition by ltrim(given.value, '0') order by given.place
                ) > 1
                    then 'is given more than once in this batch'
            end as reason
        from json_array_elements_text(restore_samples.ids) with ordinality as given(value, place)
    ) as named
    where named.reason is not null;
    if problems is not null then
        perform internal.fail(400, 'invalid_sample', 'Nothing was restored: some ids are invalid',
            internal.first_of_many(problems),
            'Correct or leave out the named rows and send the whole batch again.');
    end if;
    select array_agg(given.value::bigint order by given.place) into sample_ids
    from json_array_elements_text(restore_samples.ids) with ordinality as given(value, place);
    for attempt in 1..10 loop
        begin
            return internal.restore_sample_rows(restore_samples.group_id, sample_ids, moment);
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

comment on function internal.restore_samples(bigint, json, text) is
'Restore samples for api.restore_samples, as api_writer';

revoke all on function internal.restore_samples(bigint, json, text) from public;
grant execute on function internal.restore_samples(bigint, json, text) to member;
