-- Return the samples of a submission with what is known of them, and lock them.
select
    submitted.id,
    submitted.strain,
    submitted.sample_id,
    submitted.status,
    coalesce(submitted.accession, (
        select accessions.accession
        from aspen.accessions as accessions
        where
            accessions.group_id = submitted.group_id
            and accessions.sample_id = submitted.sample_id
            and accessions.public_repository_id = submissions.public_repository_id
    )) as accession,
    submitted.message
from aspen.submissions as submissions
inner join aspen.submission_samples as submitted
    on submissions.group_id = submitted.group_id and submissions.id = submitted.submission_id
where submissions.id = %(id)s
order by submitted.id
for update of submitted;
