-- Bases are stored as they are, so the length of a sequence is read without the sequence.
create or replace function internal.overview_storage(groups bigint[])
returns text
language sql
stable
security invoker
begin atomic
    with sizes as (
        select
            'sequences' as kind,
            sum(octet_length(sequences.sequence)) as byte_count
        from aspen.sequences as sequences
        where sequences.group_id = any(overview_storage.groups)
        union all
        select
            'uploads' as kind,
            sum(uploads.size_bytes) as byte_count
        from aspen.uploads as uploads
        where uploads.group_id = any(overview_storage.groups)
        union all
        select
            outputs.kind,
            sum(outputs.size_bytes) as byte_count
        from aspen.job_outputs as outputs
        where outputs.group_id = any(overview_storage.groups)
        group by outputs.kind
    )

    select
        internal.chart_section(
            'storage',
            'Storage by kind',
            'Everything that is stored now, of all pathogens: genomes in the database; files of'
            || ' jobs and uploads in S3.',
            'kind',
            array_agg(sizes.kind order by sizes.byte_count desc, sizes.kind asc),
            array['stored'],
            array['c1'],
            array_agg(sizes.byte_count order by sizes.byte_count desc, sizes.kind asc),
            'bytes'
        )
    from sizes
    where sizes.byte_count > 0;
end;

comment on function internal.overview_storage(bigint[]) is
$$How many bytes are stored, by kind

groups is that of internal.overview_curve.$$;

revoke all on function internal.overview_storage(bigint[]) from public;
grant execute on function internal.overview_storage(bigint[]) to member;
