-- NOTE: internal.create_upload makes uploads as api_writer; where they are in the bucket is for the
-- control plane.

grant select (
    id, group_id, file_name, size_bytes, checksum_sha256, part_count, uploaded_by_id, created_at,
    expires_at
) on aspen.uploads to member;
grant delete on aspen.uploads to member;
grant select on aspen.uploads to api_writer;
grant insert (
    group_id, file_name, bucket, folder, size_bytes, checksum_sha256, uploaded_by_id
) on aspen.uploads to api_writer;
grant delete on aspen.uploads to api_writer;

create policy uploads_select_group on aspen.uploads
for select to member, api_writer
using (group_id = any(authz.full_groups()));

comment on policy uploads_select_group on aspen.uploads is
'Uploads are listed to members and admins, direct or granted';

grant select (group_id, size_bytes) on aspen.uploads to results_keeper;

create policy uploads_select_results_keeper on aspen.uploads
for select to results_keeper
using (true);

comment on policy uploads_select_results_keeper on aspen.uploads is
'To keep the limit of the group, whoever sends a file';

create policy uploads_insert_own on aspen.uploads
for insert to api_writer
with check (
    group_id = any(authz.member_groups()) and uploaded_by_id = authz.caller_id()
);

comment on policy uploads_insert_own on aspen.uploads is
'Files are sent for a group where the caller is directly member or admin';

create policy uploads_delete_own on aspen.uploads
for delete to member, api_writer
using (group_id = any(authz.member_groups()));

comment on policy uploads_delete_own on aspen.uploads is
'Members and admins of the group itself delete its uploads';
