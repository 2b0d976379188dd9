-- The settings are those of internal.store_samples, for its reasons.
create or replace function internal.store_changes(group_id bigint, samples json)
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
        := internal.sample_changes(store_changes.group_id, store_changes.samples);
begin
    perform internal.lock_samples(inputs, exists (
        select from unnest(inputs) as input
        where input.cells
            ?| '{private_identifier,public_identifier,is_private,restricted_until}'
    ));
    inputs := internal.place_samples(inputs);
    inputs := array(
        select row(
            input.row_number, input.outcome, input.sample,
            case
                when input.cells -> 'public_identifier' = 'null' and input.outcome = 'updated'
                    then input.cells || jsonb_build_object(
                        'public_identifier',
                        internal.generated_public_identifier(
                            (input.sample).id, (input.sample).group_id, (input.sample).pathogen_id,
                            coalesce((input.cells ->> 'location_id')::bigint,
                                (input.sample).location_id)
                        )
                    )
                else input.cells
            end,
            input.problems, input.has_sequence
        )::internal.sample_input
        from unnest(inputs) as input
        order by input.row_number
    );
    perform internal.refuse_bad_changes(inputs);
    perform internal.change_sample_rows(inputs);
    perform internal.store_sequence_rows(store_changes.group_id, '[]', inputs);
    return (
        select json_agg(json_build_object(
            'id', (input.sample).id,
            'private_identifier',
            coalesce(input.cells ->> 'private_identifier', (input.sample).private_identifier),
            'public_identifier',
            coalesce(input.cells ->> 'public_identifier', (input.sample).public_identifier)
        ) order by input.row_number)
        from unnest(inputs) as input
    );
end
$$;

comment on function internal.store_changes(bigint, json) is $$One attempt of internal.update_samples

Fails if another request stores, deletes or renames one of the samples at the same time: with a
unique violation, a deadlock, or 55000.$$;

revoke all on function internal.store_changes(bigint, json) from public;
grant execute on function internal.store_changes(bigint, json) to api_writer;
