-- definer because a visitor may read nothing; row-level security shows api_writer the group of the
-- link. The tree is what the creator gets with id_style=public.
create or replace function internal.shared_phylo_tree(token text)
returns text
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    link record;
    body text;
begin
    select links.* into link
    from authz.open_link(shared_phylo_tree.token, 'phylo_tree') as links;
    body := api.phylo_tree(link.phylo_tree_id, 'public');
    perform internal.note_link_use(link.link_id);
    return body;
end
$$;

comment on function internal.shared_phylo_tree(text) is
'The tree of a link for api.shared_phylo_tree, as api_writer';

revoke all on function internal.shared_phylo_tree(text) from public;
grant execute on function internal.shared_phylo_tree(text) to anon, member;
