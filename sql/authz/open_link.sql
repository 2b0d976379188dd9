-- definer because a visitor of a link may read nothing. It replaces the groups of the caller, if
-- there is one, by the group of the link: what reads after it, under row-level security, finds what
-- the creator of the link may see of this group and nothing else. One answer and one look-up by key
-- for each token that does not work, so that a visitor learns nothing from either.
create or replace function authz.open_link(token text, kind text)
returns table (
    link_id bigint,
    group_id bigint,
    phylo_tree_id bigint,
    sample_ids bigint[],
    has_usher_safe_ids boolean
)
language plpgsql
rows 1
volatile
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    link record;
begin
    -- A request that is rolled back would not be counted.
    if nullif(current_setting('request.headers', true), '')::json ->> 'prefer'
        ~* '\mtx\s*=\W*rollback'
    then
        perform internal.fail(400, 'invalid_preference', 'A preference is invalid',
            json_build_object('tx', 'rollback')::text, 'The use of a link is always counted.');
    end if;

    select
        links.id, links.group_id, links.phylo_tree_id, links.sample_ids,
        links.has_usher_safe_ids::boolean as has_usher_safe_ids
    into link
    from aspen.share_links as links
    where links.token_hash = sha256(convert_to(open_link.token, 'UTF8'))
        and links.kind = open_link.kind
        and links.revoked_at is null
        and links.expires_at > now()
        and authz.may_share(links.created_by_id, links.group_id);
    if link.id is null then
        perform internal.fail(404, 'link_not_found', 'There is no such link', null,
            'It may have expired or been revoked: ask whoever sent it.');
    end if;

    perform authz.set_groups(array[link.group_id], array[link.group_id], '{}', '{}', '{}');
    return query
    select
        link.id, link.group_id, link.phylo_tree_id, link.sample_ids, link.has_usher_safe_ids;
end
$$;

comment on function authz.open_link(text, text) is $$The link that a token opens

kind: phylo_tree or sequences. From here to the end of the request, the caller sees the group of the
link as a member does. Errors: 404 link_not_found, also for a link that has expired, was revoked, or
whose creator is disabled or no longer member or admin; 400 invalid_preference.$$;

revoke all on function authz.open_link(text, text) from public;
grant execute on function authz.open_link(text, text) to api_writer;
