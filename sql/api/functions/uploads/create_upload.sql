create or replace function api.create_upload(
    group_id bigint,
    file_name text,
    size_bytes bigint,
    checksum_sha256 text
)
returns json
language sql
volatile
security invoker
begin atomic
    select
        internal.create_upload(
            create_upload.group_id, internal.trimmed(create_upload.file_name),
            create_upload.size_bytes, create_upload.checksum_sha256
        );
end;

comment on function api.create_upload(bigint, text, bigint, text) is
$$Links to send a large file to the storage

For a file that create_import imports. group_id: a group where you are directly member or admin.
file_name: 1 to 255 characters, for people. size_bytes: from 1 to 10737418240 (10 GiB).
checksum_sha256: SHA-256 of the whole file in 64 hexadecimal digits, lower case. Returns id and
expires_at of the upload (see uploads), and parts: number, size_bytes, url, headers and expires_at of
each. Cut the file into pieces of these sizes, in this order, and send each by PUT to its url with
exactly its headers; a file of at most 64 MiB has one part. A link works for an hour at most, and
upload_links makes new ones. The storage refuses a part of another length, and a file in one part of
another checksum; create_import compares the rest. Errors: 400 invalid_argument, 403
group_access_denied, 409 too_many_uploads (20 for each group), 413 group_limit_exceeded, 503 storage_unavailable.$$;

revoke all on function api.create_upload(bigint, text, bigint, text) from public;
grant execute on function api.create_upload(bigint, text, bigint, text) to member;
