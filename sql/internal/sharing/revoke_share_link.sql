-- definer because nobody who calls may write links; row-level security applies to api_writer as
-- well, so a link that the caller does not see is as if absent.
create or replace function internal.revoke_share_link(id bigint)
returns setof api.share_links
language plpgsql
rows 1
volatile
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    owner_id bigint;
    creator_id bigint;
begin
    select links.group_id, links.created_by_id into owner_id, creator_id
    from aspen.share_links as links
    where links.id = revoke_share_link.id;
    if owner_id is null then
        perform internal.fail(404, 'link_not_found', 'There is no such link',
            json_build_object('id', revoke_share_link.id)::text, 'Look it up in share_links.');
    end if;
    if creator_id is distinct from authz.caller_id() then
        perform authz.require_member(owner_id, 'You cannot revoke links of others', 'admin');
    end if;
    update aspen.share_links as links
    set revoked_at = now()
    where links.id = revoke_share_link.id and links.revoked_at is null;
    return query
    select links.* from api.share_links as links where links.id = revoke_share_link.id;
end
$$;

comment on function internal.revoke_share_link(bigint) is
'Revoke a link for api.revoke_share_link, as api_writer';

revoke all on function internal.revoke_share_link(bigint) from public;
grant execute on function internal.revoke_share_link(bigint) to member;
