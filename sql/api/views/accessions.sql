create or replace view api.accessions
with (security_invoker = true)
as
select
    accessions.id,
    accessions.group_id,
    accessions.sample_id,
    accessions.is_private,
    accessions.public_repository_id,
    accessions.accession,
    accessions.updated_at
from aspen.accessions as accessions;

comment on view api.accessions is $$Accessions of samples in public repositories

One row for each sample and repository. Everyone who sees the sample sees its accessions. Imports write
them; the API does not. They stay when the sequence changes.$$;

comment on column api.accessions.id is 'Identifier of the row';
comment on column api.accessions.group_id is 'Group that owns the sample; see groups in me';
comment on column api.accessions.sample_id is 'Sample; see samples';
comment on column api.accessions.is_private is 'True if viewers do not see the sample';
comment on column api.accessions.public_repository_id is 'Repository; see public_repositories';
comment on column api.accessions.accession is
'Accession in the repository: EPI_ISL_402124, MT450922';
comment on column api.accessions.updated_at is 'When the row was last written';

grant select on api.accessions to member;
