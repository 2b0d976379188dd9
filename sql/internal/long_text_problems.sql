-- Without a `set` clause, so that it is inlined: it runs for every row of a batch.
create or replace function internal.long_text_problems(
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
        texts.field,
        left(texts.value, 200) as value,
        'must have at most ' || texts.most || ' characters' as reason
    from (
        values
        ('sample_collected_by', long_text_problems.sample_collected_by, 1000),
        (
            'sample_collector_contact_email',
            long_text_problems.sample_collector_contact_email, 1000
        ),
        (
            'sample_collector_contact_address',
            long_text_problems.sample_collector_contact_address, 1000
        ),
        ('organism', long_text_problems.organism, 1000),
        ('host', long_text_problems.host, 1000),
        ('purpose_of_sampling', long_text_problems.purpose_of_sampling, 1000),
        ('specimen_processing', long_text_problems.specimen_processing, 1000),
        ('authors', array_to_string(long_text_problems.authors, ', '), 20000)
    ) as texts (field, value, most)
    where length(texts.value) > texts.most;
end;

comment on function internal.long_text_problems(text, text, text, text[], text, text, text, text) is
'Which free texts of a sample are too long, one row per field';

revoke all on function internal.long_text_problems from public;
grant execute on function internal.long_text_problems to api_writer;
