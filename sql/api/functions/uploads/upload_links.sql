create or replace function api.upload_links(id bigint)
returns json
language sql
stable
security invoker
begin atomic
    select internal.upload_links(upload_links.id);
end;

comment on function api.upload_links(bigint) is $$New links to send the parts of an upload

id: of one of uploads, of a group where you are directly member or admin. Returns what create_upload
returned; a part that was sent already may be sent again. Errors: 404 upload_not_found, also if it
has expired; 403 group_access_denied; 503 storage_unavailable.$$;

revoke all on function api.upload_links(bigint) from public;
grant execute on function api.upload_links(bigint) to member;
