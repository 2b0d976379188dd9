-- Write what a repository answered for samples of a submission (parallel arrays).
update aspen.submission_samples as submitted
set status = given.status, accession = given.accession, message = given.message
from
    unnest(
        %(ids)s::bigint[], %(statuses)s::text[], %(accessions)s::text[], %(messages)s::text[]
    ) as given (id, status, accession, message)
where submitted.id = given.id;
