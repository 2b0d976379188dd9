-- volatile, because the use is counted, so that only POST calls it; the edge makes one of a GET of
-- /shared/phylo_tree/{token}.
create or replace function api.shared_phylo_tree(token text)
returns api."*/*"
language sql
volatile
security invoker
set statement_timeout = '10s'
begin atomic
    select internal.shared_phylo_tree(shared_phylo_tree.token);
end;

comment on function api.shared_phylo_tree(text) is $$The tree of a link, as an Auspice v2 dataset

token: of a link that share_phylo_tree made. Needs no other token. GET of the url of the link answers the
same. Tips have public identifiers. Errors: 404 link_not_found, whether the link never existed, has
expired, was revoked, or its creator may no longer read the tree; 400 invalid_preference.$$;

revoke all on function api.shared_phylo_tree(text) from public;
grant execute on function api.shared_phylo_tree(text) to anon, member;
