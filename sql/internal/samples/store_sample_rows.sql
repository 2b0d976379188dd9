-- All batches lock in one order, that of the private identifiers, first existing samples and then
-- new ones: so no two of them wait for each other.
create or replace function internal.store_sample_rows(inputs internal.sample_input[])
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    changes jsonb[] := array(
        select input.cells from unnest(inputs) as input where input.outcome = 'updated'
    );
    new_samples aspen.samples[] := array(
        select input.sample
        from unnest(inputs) as input
        where input.outcome = 'created'
        order by (input.sample).private_identifier collate "C"
    );
    locked_count bigint;
begin
    if cardinality(changes) > 0 then
        select count(*) into locked_count
        from (
            select (input.sample).id, (input.sample).private_identifier
            from unnest(inputs) as input
            where input.outcome = 'updated'
            order by (input.sample).private_identifier collate "C"
        ) as wanted
        cross join lateral (
            select samples.id
            from aspen.samples as samples
            where samples.id = wanted.id
                -- Checked again where the row was changed in the meantime.
                and samples.private_identifier = wanted.private_identifier
            for no key update
        ) as locked;
        if locked_count < cardinality(changes) then
            raise sqlstate '55000' using
                message = 'A sample of the batch was deleted or renamed in the meantime';
        end if;
    end if;
    if cardinality(internal.insert_sample_rows(new_samples)) < cardinality(new_samples) then
        raise sqlstate '55000' using
            message = 'An identifier of the batch was taken in the meantime';
    end if;
    if cardinality(changes) > 0 then
        perform internal.write_samples(changes);
    end if;
end
$$;

comment on function internal.store_sample_rows(internal.sample_input[]) is $$Store the samples of a batch that has no problems

Fails with 55000 where another request stored, deleted or renamed one since the batch was read.$$;

revoke all on function internal.store_sample_rows(internal.sample_input[]) from public;
grant execute on function internal.store_sample_rows(internal.sample_input[]) to api_writer;
