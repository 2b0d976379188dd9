create or replace view api.accessions
with (security_invoker = true)
as
select
    accessions.id,
    accessions.group_id,
    accessions.sample_id,
    (accessions.disclosed_at = '9999-01-01 00:00:00+00')::aspen.flag as is_private,
    accessions.public_repository_id,
    accessions.accession,
    accessions.updated_at,
    accessions.disclosed_at
from aspen.accessions as accessions;

comment on view api.accessions is $$Accessions of samples in public repositories

One row for each sample and repository. Everyone who sees the sample sees its accessions. Imports write
them; the API does not. They stay when the sequence changes.$$;

comment on column api.accessions.id is 'Identifier of the row';
comment on column api.accessions.group_id is 'Group that owns the sample; see groups in me';
comment on column api.accessions.sample_id is 'Sample; see samples';
comment on column api.accessions.is_private is 'True if the sample is private';
comment on column api.accessions.public_repository_id is 'Repository; see public_repositories';
comment on column api.accessions.accession is
'Accession in the repository: EPI_ISL_402124, MT450922';
comment on column api.accessions.updated_at is 'When the row was last written';
comment on column api.accessions.disclosed_at is
'When viewers see the sample; see samples';

grant select on api.accessions to member;
