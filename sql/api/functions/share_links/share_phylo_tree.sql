create or replace function api.share_phylo_tree(phylo_tree_id bigint, hours integer default 168)
returns table (
    id bigint,
    kind text,
    token text,
    path text,
    url text,
    expires_at timestamptz
)
language sql
volatile
security invoker
rows 1
begin atomic
    select
        links.id,
        links.kind,
        links.token,
        links.path,
        links.url,
        links.expires_at
    from internal.share_phylo_tree(
        share_phylo_tree.phylo_tree_id, share_phylo_tree.hours
    ) as links;
end;

comment on function api.share_phylo_tree(bigint, integer) is $$Make a link to a tree that needs no token

phylo_tree_id: a tree of a group where you are member or admin, directly or by a grant. hours: how long
the link works, 1 to 2,160 (90 days), 168 by default. Returns the link once: GET of url answers Auspice
v2 JSON with public identifiers, to everybody who has it, also in a page of any origin such as
nextstrain.org. url is path at the address of this API, null where that is not known. token is for
shared_phylo_tree. The link works as long as you are member or admin of the group and the tree is there;
share_links lists it, revoke_share_link ends it. Errors: 400 invalid_argument, 403 group_access_denied,
404 tree_not_found.$$;

revoke all on function api.share_phylo_tree(bigint, integer) from public;
grant execute on function api.share_phylo_tree(bigint, integer) to member;
