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
            else 'must be 1 to 128 characters on one line, without spaces around it'
        end as reason
    where (sample_problems.private_identifier ~ '^\S([^\n\r]{0,126}\S)?$') is not true
    union all
    select
        'public_identifier' as field,
        left(sample_problems.public_identifier, 200) as value,
        'must be 1 to 128 characters on one line, without spaces around it' as reason
    where
        sample_problems.public_identifier <> ''
        and sample_problems.public_identifier !~ '^\S([^\n\r]{0,126}\S)?$'
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
        'must have at most ' || texts.most || ' characters' as reason
    from (
        values
        ('sample_collected_by', sample_problems.sample_collected_by, 1000),
        ('sample_collector_contact_email', sample_problems.sample_collector_contact_email, 1000),
        (
            'sample_collector_contact_address',
            sample_problems.sample_collector_contact_address, 1000
        ),
        ('organism', sample_problems.organism, 1000),
        ('host', sample_problems.host, 1000),
        ('purpose_of_sampling', sample_problems.purpose_of_sampling, 1000),
        ('specimen_processing', sample_problems.specimen_processing, 1000),
        ('authors', array_to_string(sample_problems.authors, ', '), 20000)
    ) as texts (field, value, most)
    where length(texts.value) > texts.most;
end;

comment on function internal.sample_problems is
'What is wrong with the values of a sample, one row per field';

revoke all on function internal.sample_problems from public;
grant execute on function internal.sample_problems to api_writer;
