create or replace view api.uploads
with (security_invoker = true)
as
select
    uploads.id,
    uploads.group_id,
    uploads.file_name,
    uploads.size_bytes,
    uploads.checksum_sha256,
    uploads.part_count,
    uploads.uploaded_by_id,
    uploads.created_at,
    uploads.expires_at
from aspen.uploads as uploads;

comment on view api.uploads is $$Files sent to the storage to be imported

Members and admins, directly or by a grant, see the uploads of their groups. create_upload makes one
and returns links to send it, create_import imports it. DELETE, by a direct member or admin, removes
it; the file is deleted some time later. So is an upload that has expired or was imported.$$;

comment on column api.uploads.id is 'Identifier of the row';
comment on column api.uploads.group_id is 'Group that owns the file; see groups in me';
comment on column api.uploads.file_name is 'Name of the file where it comes from';
comment on column api.uploads.size_bytes is 'Length of the file in bytes, as announced';
comment on column api.uploads.checksum_sha256 is
'SHA-256 of the file in hexadecimal digits, as announced';
comment on column api.uploads.part_count is
'How many parts it is sent in, each but the last of 64 MiB';
comment on column api.uploads.uploaded_by_id is
'User who sends it; null if the user was removed';
comment on column api.uploads.created_at is 'When it was announced';
comment on column api.uploads.expires_at is 'When it is deleted, seven days later';

grant select, delete on api.uploads to member;
