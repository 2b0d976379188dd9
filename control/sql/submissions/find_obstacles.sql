-- Return the samples that are on their way to a repository or in it, and how that is known.
with open as (
    select
        submitted.group_id,
        submitted.sample_id,
        submitted.submission_id
    from aspen.submission_samples as submitted
    inner join aspen.submissions as submissions
        on
            submitted.group_id = submissions.group_id
            and submitted.submission_id = submissions.id
    where
        submitted.group_id = %(group_id)s
        and submitted.sample_id = any(%(sample_ids)s)
        and submitted.status <> 'rejected'
        and submissions.public_repository_id = %(repository_id)s
)

select
    open.sample_id,
    'is in submission ' || open.submission_id as reason
from open
union all
select
    accessions.sample_id,
    'has the accession ' || accessions.accession as reason
from aspen.accessions as accessions
where
    accessions.group_id = %(group_id)s
    and accessions.sample_id = any(%(sample_ids)s)
    and accessions.public_repository_id = %(repository_id)s
    and accessions.sample_id not in (select open.sample_id from open)
order by 1;
