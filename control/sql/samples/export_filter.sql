-- Choose samples: what a filter leaves out is null.
samples.group_id = %(group_id)s
and samples.pathogen_id = %(pathogen_id)s
and (
    %(identifiers)s::text[] is null
    or samples.private_identifier = any(%(identifiers)s::text[])
    or samples.public_identifier = any(%(identifiers)s::text[])
)
and (%(collected_from)s::date is null or samples.collection_date >= %(collected_from)s::date)
and (%(collected_to)s::date is null or samples.collection_date <= %(collected_to)s::date)
and (
    %(uploaded_from)s::date is null
    or samples.created_at >= %(uploaded_from)s::timestamp at time zone 'UTC'
)
and (
    %(uploaded_to)s::date is null
    or samples.created_at < (%(uploaded_to)s::date + 1)::timestamp at time zone 'UTC'
)
and (
    %(lineages)s::text[] is null
    or exists (
        select
        from {schema}.sample_lineages as called
        cross join unnest(%(lineages)s::text[]) as wanted(stem)
        where
            called.group_id = samples.group_id and called.sample_id = samples.id
            and (called.lineage = wanted.stem or starts_with(called.lineage, wanted.stem || '.'))
    )
)
