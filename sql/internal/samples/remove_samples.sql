-- The settings are those of internal.store_samples, for its reasons.
create or replace function internal.remove_samples(group_id bigint, samples json)
returns json
language plpgsql
volatile
security invoker
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
set enable_seqscan = 'off'
set enable_hashjoin = 'off'
set enable_mergejoin = 'off'
as $$
declare
    inputs internal.sample_input[]
        := internal.sample_changes(remove_samples.group_id, remove_samples.samples);
begin
    perform internal.refuse_bad_changes(inputs);
    perform internal.lock_samples(inputs, true);
    delete from aspen.samples as samples
    where samples.id = any(array(select (input.sample).id from unnest(inputs) as input));
    return (
        select json_agg(json_build_object(
            'id', (input.sample).id,
            'private_identifier', (input.sample).private_identifier,
            'public_identifier', (input.sample).public_identifier
        ) order by input.row_number)
        from unnest(inputs) as input
    );
end
$$;

comment on function internal.remove_samples(bigint, json) is $$One attempt of internal.delete_samples

samples: [{id} or {identifier}]. Fails if another request deletes or renames one of the samples at the
same time: with a deadlock, or 55000.$$;

revoke all on function internal.remove_samples(bigint, json) from public;
grant execute on function internal.remove_samples(bigint, json) to api_writer;
