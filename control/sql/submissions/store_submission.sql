-- Record a submission with its files and samples (parallel arrays), and return its id.
with stored as (
    insert into aspen.submissions (group_id, pathogen_id, public_repository_id, submitted_by_id)
    select
        %(group_id)s as group_id,
        %(pathogen_id)s as pathogen_id,
        %(repository_id)s as public_repository_id,
        users.id
    from aspen.users as users
    where users.subject = %(subject)s
    returning id, group_id
),

files as (
    insert into aspen.submission_files (
        group_id, submission_id, name, content, size_bytes, checksum_sha256
    )
    select
        stored.group_id,
        stored.id,
        given.name,
        given.content,
        octet_length(given.content) as size_bytes,
        encode(sha256(given.content), 'hex') as checksum_sha256
    from stored
    cross join unnest(%(names)s::text[], %(contents)s::bytea[]) as given (name, content)
),

samples as (
    insert into aspen.submission_samples (group_id, submission_id, sample_id, strain)
    select
        stored.group_id,
        stored.id,
        given.sample_id,
        given.strain
    from stored
    cross join unnest(%(sample_ids)s::bigint[], %(strains)s::text[]) as given (sample_id, strain)
)

select stored.id
from stored;
