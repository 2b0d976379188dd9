create or replace view api.submission_samples
with (security_invoker = true)
as
select
    submitted.id,
    submitted.group_id,
    submitted.submission_id,
    submitted.sample_id,
    submitted.strain,
    submitted.status,
    submitted.accession,
    submitted.message,
    submitted.updated_at
from aspen.submission_samples as submitted;

comment on view api.submission_samples is $$What became of each sample of a submission

For members and admins of the group, directly or by a grant. A sample is on its way to a repository, or
in it, only once; a rejected one may be sent again. The accession is in accessions, too.$$;

comment on column api.submission_samples.id is 'Identifier of the row';
comment on column api.submission_samples.group_id is 'Group that owns the sample; see groups in me';
comment on column api.submission_samples.submission_id is 'Submission; see submissions';
comment on column api.submission_samples.sample_id is
'Sample; see samples; null after it was deleted';
comment on column api.submission_samples.strain is 'Name in the files that were sent';
comment on column api.submission_samples.status is $$What became of it

sent, accepted (the repository issued an accession) or rejected.$$;
comment on column api.submission_samples.accession is
'Accession that the repository issued; null unless accepted';
comment on column api.submission_samples.message is
'Why the repository rejected it, as it says; null if it did not';
comment on column api.submission_samples.updated_at is 'When the row was last written';

grant select on api.submission_samples to member;
