create or replace view api.submission_files
with (security_invoker = true)
as
select
    files.id,
    files.group_id,
    files.submission_id,
    files.name,
    files.size_bytes,
    files.checksum_sha256
from aspen.submission_files as files;

comment on view api.submission_files is $$Files of submissions exactly as they were sent

For members and admins of the group, directly or by a grant. The files are kept as they were; whoever
has a copy compares it with the checksum.$$;

comment on column api.submission_files.id is 'Identifier of the row';
comment on column api.submission_files.group_id is 'Group that owns the samples; see groups in me';
comment on column api.submission_files.submission_id is 'Submission; see submissions';
comment on column api.submission_files.name is 'Name of the file';
comment on column api.submission_files.size_bytes is 'Length in bytes';
comment on column api.submission_files.checksum_sha256 is
'SHA-256 of the file, in hexadecimal digits';

grant select on api.submission_files to member;
