-- The rules that need no other row, in one place for every way a sample comes in. Without a `set`
-- clause, so that it is inlined: it runs for every row of a batch.
create or replace function internal.sample_problems(
    private_identifier text,
    public_identifier text,
    collection_date date,
    sample_collected_by text,
    sample_collector_contact_email text,
    sample_collector_contact_address text,
    authors text[],
    organism text,
    host text,
    purpose_of_sampling text,
    specimen_processing text
)
returns table (field text, value text, reason text)
language sql
stable
security invoker
begin atomic
    select
        'private_identifier' as field,
        left(sample_problems.private_identifier, 200) as value,
        case
            when coalesce(sample_problems.private_identifier, '') = '' then 'is required'
            else internal.name_problem(sample_problems.private_identifier)
        end as reason
    where
        coalesce(sample_problems.private_identifier, '') = ''
        or internal.name_problem(sample_problems.private_identifier) is not null
    union all
    select
        'public_identifier' as field,
        left(sample_problems.public_identifier, 200) as value,
        internal.name_problem(sample_problems.public_identifier) as reason
    where
        sample_problems.public_identifier <> ''
        and internal.name_problem(sample_problems.public_identifier) is not null
    union all
    select
        'collection_date' as field,
        sample_problems.collection_date::text as value,
        case
            when sample_problems.collection_date is null then 'is required, as YYYY-MM-DD'
            else 'must be between 1900-01-01 and today'
        end as reason
    where
        (sample_problems.collection_date between '1900-01-01' and current_date + 1) is not true
    union all
    select
        texts.field,
        left(texts.value, 200) as value,
        internal.text_problem(texts.value) as reason
    from (
        values
        ('sample_collected_by', sample_problems.sample_collected_by),
        ('sample_collector_contact_email', sample_problems.sample_collector_contact_email),
        ('sample_collector_contact_address', sample_problems.sample_collector_contact_address),
        ('organism', sample_problems.organism),
        ('host', sample_problems.host),
        ('purpose_of_sampling', sample_problems.purpose_of_sampling),
        ('specimen_processing', sample_problems.specimen_processing)
    ) as texts (field, value)
    where internal.text_problem(texts.value) is not null
    union all
    select
        'authors' as field,
        left(array_to_string(sample_problems.authors, ', ', 'null'), 200) as value,
        internal.names_problem(sample_problems.authors) as reason
    where internal.names_problem(sample_problems.authors) is not null;
end;

comment on function internal.sample_problems is
'What is wrong with the values of a sample, one row per field';

revoke all on function internal.sample_problems from public;
grant execute on function internal.sample_problems to api_writer;
