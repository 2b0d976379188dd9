create or replace function api.revoke_share_link(id bigint)
returns setof api.share_links
language sql
volatile
security invoker
rows 1
begin atomic
    select internal.revoke_share_link(revoke_share_link.id);
end;

comment on function api.revoke_share_link(bigint) is $$Revoke a link

id: a link in share_links that you made, or to data of a group where you are directly admin. It stops
working at once. Returns the link; one that was revoked stays as it is. Errors: 403 group_access_denied,
404 link_not_found.$$;

revoke all on function api.revoke_share_link(bigint) from public;
grant execute on function api.revoke_share_link(bigint) to member;
