-- In the order in which internal.store_sample_rows locks, so that no two batches wait for each
-- other.
create or replace function internal.lock_samples(
    inputs internal.sample_input[],
    is_key_changed boolean
)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    wanted aspen.samples[] := array(
        select input.sample
        from unnest(inputs) as input
        where input.outcome = 'updated'
        order by (input.sample).private_identifier collate "C"
    );
    locked_count bigint;
begin
    -- A row that another request changed in the meantime is read again, and must still be the one
    -- that was named.
    if is_key_changed then
        select count(*) into locked_count
        from unnest(wanted) as named
        cross join lateral (
            select samples.id
            from aspen.samples as samples
            where samples.id = named.id
                and samples.private_identifier = named.private_identifier
                and samples.public_identifier = named.public_identifier
            for update
        ) as locked;
    else
        select count(*) into locked_count
        from unnest(wanted) as named
        cross join lateral (
            select samples.id
            from aspen.samples as samples
            where samples.id = named.id
                and samples.private_identifier = named.private_identifier
                and samples.public_identifier = named.public_identifier
            for no key update
        ) as locked;
    end if;
    if locked_count < cardinality(wanted) then
        raise sqlstate '55000' using
            message = 'A sample of the batch was deleted or renamed in the meantime';
    end if;
end
$$;

comment on function internal.lock_samples(internal.sample_input[], boolean) is $$Lock the samples of a batch, as they were read

is_key_changed: the batch deletes them or changes columns of keys. Fails with 55000 where another
request deleted or renamed one since they were read.$$;

revoke all on function internal.lock_samples(internal.sample_input[], boolean) from public;
grant execute on function internal.lock_samples(internal.sample_input[], boolean) to api_writer;
