-- definer because members have no insert privilege on uploads; row-level security holds for
-- api_writer too. Requests of a group wait for one another, so that none goes over the limit.
create or replace function internal.create_upload(
    group_id bigint, file_name text, size_bytes bigint, checksum_sha256 text
)
returns json
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    most constant integer := 20;
    upload aspen.uploads;
begin
    perform authz.require_member(create_upload.group_id, 'You cannot send files for this group');
    perform internal.check_upload(
        'file_name', create_upload.file_name, case
            when coalesce(char_length(create_upload.file_name), 0) not between 1 and 255
                then 'must have 1 to 255 characters'
        end, create_upload.size_bytes, 10737418240, create_upload.checksum_sha256
    );

    perform pg_advisory_xact_lock(
        hashtextextended('aspen.uploads', create_upload.group_id)
    );
    delete from aspen.uploads as uploads
    where uploads.group_id = create_upload.group_id and uploads.expires_at <= now();
    if (
        select count(*) >= most
        from aspen.uploads as uploads
        where uploads.group_id = create_upload.group_id
    ) then
        perform internal.fail(409, 'too_many_uploads', 'The group has too many uploads',
            json_build_object('group_id', create_upload.group_id, 'at_most', most)::text,
            'Import or delete some of uploads first.');
    end if;

    insert into aspen.uploads (
        group_id, file_name, bucket, folder, size_bytes, checksum_sha256, uploaded_by_id
    )
    values (
        create_upload.group_id, create_upload.file_name, internal.upload_bucket(),
        format('group/%s/uploads/%s/', create_upload.group_id, gen_random_uuid()),
        create_upload.size_bytes, create_upload.checksum_sha256, authz.caller_id()
    )
    returning * into upload;
    return internal.upload_parts(upload);
end
$$;

comment on function internal.create_upload(bigint, text, bigint, text) is
'Note a file to be sent for api.create_upload, as api_writer';

revoke all on function internal.create_upload(bigint, text, bigint, text) from public;
grant execute on function internal.create_upload(bigint, text, bigint, text) to member;
