-- NOTE: no write is granted: the control plane records what operators sent. The content is for the
-- control plane: no resource of the API shows it.

grant select (
    id, group_id, submission_id, name, size_bytes, checksum_sha256
) on aspen.submission_files to member;

create policy submission_files_select_group on aspen.submission_files
for select to member
using (group_id = any(authz.full_groups()));

comment on policy submission_files_select_group on aspen.submission_files is
'Private samples may be in them: for members and admins only';
