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

Visible like the sample.$$;

comment on column api.accessions.id is 'Key';
comment on column api.accessions.group_id is 'The group that owns the row; one of the groups of me';
comment on column api.accessions.sample_id is 'The sample';
comment on column api.accessions.is_private is 'Whether the sample is private';
comment on column api.accessions.public_repository_id is 'The repository; see public_repositories';
comment on column api.accessions.accession is 'Accession in that repository, like EPI_ISL_402124 or MT450922';
comment on column api.accessions.updated_at is 'When the row was last written';

grant select on api.accessions to member;
