-- definer because members may not read where an upload is; row-level security holds for api_writer
-- too.
create or replace function internal.upload_links(id bigint)
returns json
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    upload aspen.uploads;
begin
    select uploads.* into upload
    from aspen.uploads as uploads
    where uploads.id = upload_links.id and uploads.expires_at > now();
    if upload.id is null then
        perform internal.fail(404, 'upload_not_found', 'There is no such upload',
            json_build_object('id', upload_links.id)::text, 'Look it up in uploads.');
    end if;
    perform authz.require_member(upload.group_id, 'You cannot send files for this group');
    return internal.upload_parts(upload);
end
$$;

comment on function internal.upload_links(bigint) is
'Links to send the parts of an upload for api.upload_links, as api_writer';

revoke all on function internal.upload_links(bigint) from public;
grant execute on function internal.upload_links(bigint) to member;
