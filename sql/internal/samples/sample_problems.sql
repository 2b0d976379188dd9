-- The rules of a sample's values, once for every way a sample comes in. Without a `set` clause, so
-- that it is inlined: it runs for every row of a batch.
create or replace function internal.sample_problems(sample aspen.samples)
returns table (field text, value text, reason text)
language sql
stable
security invoker
begin atomic
    select
        'group_id' as field,
        null as value,
        'is required' as reason
    where (sample_problems.sample).group_id is null
    union all
    select
        'private_identifier' as field,
        left((sample_problems.sample).private_identifier, 200) as value,
        case
            when coalesce((sample_problems.sample).private_identifier, '') = '' then 'is required'
            else internal.name_problem((sample_problems.sample).private_identifier)
        end as reason
    where
        coalesce((sample_problems.sample).private_identifier, '') = ''
        or internal.name_problem((sample_problems.sample).private_identifier) is not null
    union all
    select
        'public_identifier' as field,
        left((sample_problems.sample).public_identifier, 200) as value,
        internal.name_problem((sample_problems.sample).public_identifier) as reason
    where
        (sample_problems.sample).public_identifier <> ''
        and internal.name_problem((sample_problems.sample).public_identifier) is not null
    union all
    select
        'collection_date' as field,
        (sample_problems.sample).collection_date::text as value,
        case
            when (sample_problems.sample).collection_date is null
                then 'is required, as YYYY-MM-DD'
            else 'must be between 1900-01-01 and today'
        end as reason
    where
        (
            (sample_problems.sample).collection_date between '1900-01-01' and current_date + 1
        ) is not true
    union all
    select
        'restricted_until' as field,
        (sample_problems.sample).restricted_until::text as value,
        'must be between 1900-01-01 and ten years from today' as reason
    where
        (sample_problems.sample).restricted_until not between '1900-01-01' and current_date + 3653
    union all
    select
        texts.field,
        left(texts.value, 200) as value,
        internal.text_problem(texts.value) as reason
    from (
        values
        ('sample_collected_by', (sample_problems.sample).sample_collected_by),
        (
            'sample_collector_contact_email',
            (sample_problems.sample).sample_collector_contact_email
        ),
        (
            'sample_collector_contact_address',
            (sample_problems.sample).sample_collector_contact_address
        ),
        ('organism', (sample_problems.sample).organism),
        ('host', (sample_problems.sample).host),
        ('purpose_of_sampling', (sample_problems.sample).purpose_of_sampling),
        ('specimen_processing', (sample_problems.sample).specimen_processing)
    ) as texts (field, value)
    where internal.text_problem(texts.value) is not null
    union all
    select
        'authors' as field,
        left(array_to_string((sample_problems.sample).authors, ', ', 'null'), 200) as value,
        internal.names_problem((sample_problems.sample).authors) as reason
    where internal.names_problem((sample_problems.sample).authors) is not null
    union all
    select
        'is_private' as field,
        null as value,
        'must be true or false' as reason
    where (sample_problems.sample).is_private is null
    union all
    select
        'location_id' as field,
        (sample_problems.sample).location_id::text as value,
        case
            when (sample_problems.sample).location_id is null then 'is required'
            else 'is not the id of a location'
        end as reason
    where
        not exists (
            select from aspen.locations as locations
            where locations.id = (sample_problems.sample).location_id
        )
    union all
    select
        'pathogen_id' as field,
        (sample_problems.sample).pathogen_id::text as value,
        case
            when (sample_problems.sample).pathogen_id is null then 'is required'
            else 'is not the id of a pathogen'
        end as reason
    where
        not exists (
            select from aspen.pathogens as pathogens
            where pathogens.id = (sample_problems.sample).pathogen_id
        );
end;

comment on function internal.sample_problems(aspen.samples) is
'What is wrong with the values of a sample, one row per field';

revoke all on function internal.sample_problems(aspen.samples) from public;
grant execute on function internal.sample_problems(aspen.samples) to api_writer;
