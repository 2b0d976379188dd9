-- Keys are not deferrable, because `on conflict` needs them, so an identifier that passes from one
-- sample of the batch to another is free before it is set: the sample that gives it up is parked
-- under an identifier that nobody else has.
create or replace function internal.change_sample_rows(inputs internal.sample_input[])
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    parked_private bigint[];
    parked_public bigint[];
begin
    select
        array_agg(giver.id) filter (where giver.field = 'private_identifier'),
        array_agg(giver.id) filter (where giver.field = 'public_identifier')
    into parked_private, parked_public
    from (
        select kinds.field, max(kinds.holder) as id
        from unnest(inputs) as input
        cross join lateral (
            values
                ('private_identifier', (input.sample).private_identifier, (input.sample).id, null),
                ('private_identifier', input.cells ->> 'private_identifier', null, (input.sample).id),
                ('public_identifier', (input.sample).public_identifier, (input.sample).id, null),
                ('public_identifier', input.cells ->> 'public_identifier', null, (input.sample).id)
        ) as kinds(field, value, holder, taker)
        -- A sample gives an identifier up where its own entry names another one.
        where input.cells ?| '{private_identifier,public_identifier}'
            and kinds.value is not null
        group by kinds.field, kinds.value
        having max(kinds.holder) <> max(kinds.taker)
    ) as giver;
    if parked_private is not null or parked_public is not null then
        update aspen.samples as samples
        set
            private_identifier = case
                when samples.id = any(parked_private) then 'parked/' || gen_random_uuid()
                else samples.private_identifier
            end,
            public_identifier = case
                when samples.id = any(parked_public) then 'parked/' || gen_random_uuid()
                else samples.public_identifier
            end
        where samples.id = any(parked_private || parked_public);
    end if;
    perform internal.write_samples(array(
        select input.cells || jsonb_build_object('id', (input.sample).id)
        from unnest(inputs) as input
    ));
end
$$;

comment on function internal.change_sample_rows(internal.sample_input[]) is
'Write a batch of changes that has no problems to samples that are locked';

revoke all on function internal.change_sample_rows(internal.sample_input[]) from public;
grant execute on function internal.change_sample_rows(internal.sample_input[]) to api_writer;
