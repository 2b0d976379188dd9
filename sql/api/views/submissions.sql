create or replace view api.submissions
with (security_invoker = true)
as
select
    submissions.id,
    submissions.group_id,
    submissions.pathogen_id,
    submissions.public_repository_id,
    submissions.submitted_by_id,
    submissions.created_at
from aspen.submissions as submissions;

comment on view api.submissions is $$Batches of samples that were sent to public repositories

For members and admins of the group, directly or by a grant. Operators record them when they send the
files; what became of each sample is in submission_samples, and what was sent in submission_files.$$;

comment on column api.submissions.id is 'Identifier of the row';
comment on column api.submissions.group_id is 'Group that owns the samples; see groups in me';
comment on column api.submissions.pathogen_id is 'Pathogen; see pathogens';
comment on column api.submissions.public_repository_id is 'Repository; see public_repositories';
comment on column api.submissions.submitted_by_id is
'User under whose name they were sent; null if removed';
comment on column api.submissions.created_at is 'When it was recorded';

grant select on api.submissions to member;
