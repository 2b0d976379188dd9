-- Inlined: it has no `set` clause and returns a set.
create or replace function internal.latest_aligned(pathogen_id bigint, public_repository_id bigint)
returns setof aspen.repository_data
language sql
stable
security invoker
rows 1
begin atomic
    select data_sets.* -- noqa: AM04
    from aspen.repository_data as data_sets
    where
        data_sets.pathogen_id = latest_aligned.pathogen_id
        and data_sets.public_repository_id = latest_aligned.public_repository_id
        and data_sets.stage = 'aligned'
    order by data_sets.id desc
    limit 1;
end;

comment on function internal.latest_aligned(bigint, bigint) is
$$The newest aligned data set of a pathogen and repository

No row if there is none.$$;

revoke all on function internal.latest_aligned(bigint, bigint) from public;
grant execute on function internal.latest_aligned(bigint, bigint) to api_writer, job_runner;
