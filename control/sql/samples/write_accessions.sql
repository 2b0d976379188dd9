-- Store accessions of samples (parallel arrays); a different accession in a repository replaces the
-- earlier one.
insert into aspen.accessions (group_id, sample_id, disclosed_at, public_repository_id, accession)
select
    samples.group_id,
    samples.id,
    samples.disclosed_at,
    repositories.id as public_repository_id,
    given.accession
from
    unnest(%(sample_ids)s::bigint[], %(repositories)s::text[], %(accessions)s::text[])
        as given (sample_id, repository, accession)
inner join aspen.samples as samples
    on given.sample_id = samples.id
inner join aspen.public_repositories as repositories
    on given.repository = repositories.name
on conflict (group_id, sample_id, public_repository_id) do update
    set accession = excluded.accession
    where accessions.accession <> excluded.accession;
