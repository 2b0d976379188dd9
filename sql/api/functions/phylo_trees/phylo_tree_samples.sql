create or replace function api.phylo_tree_samples(id bigint, id_style text default 'private')
returns api."*/*"
language sql
stable
security invoker
set statement_timeout = '30s'
begin atomic
    select
        internal.fail(
            400, 'invalid_argument', 'id_style must be private or public',
            json_build_object('id_style', left(phylo_tree_samples.id_style, 200))::text
        )
    where
        phylo_tree_samples.id_style is null
        or phylo_tree_samples.id_style not in ('private', 'public');

    select
        internal.fail(
            404, 'tree_not_found', 'There is no such tree, or you may not see it',
            json_build_object('id', phylo_tree_samples.id)::text
        )
    where not exists (
        select from aspen.phylo_trees as trees
        where trees.id = phylo_tree_samples.id
    );

    select
        internal.describe_file(
            'text/tab-separated-values', phylo_tree_samples.id || '_sample_ids.tsv', null
        );

    select
        E'Sample Identifier\tSelected\tAccession\r\n' || coalesce(
            string_agg(
                internal.file_cell(tips.name, E'\t') || E'\t'
                || case tips.is_selected when true then 'yes' when false then 'no' else '' end
                || E'\t' || internal.file_cell(tips.accession, E'\t') || E'\r\n',
                '' order by tips.place
            ),
            ''
        )
    from internal.tree_samples(phylo_tree_samples.id, phylo_tree_samples.id_style) as tips;
end;

comment on function api.phylo_tree_samples(bigint, text) is $$The tips of a tree as TSV, as a file

id: of a tree (see phylo_trees). One row for each tip, and for each inner node that is a sample, in
the order of the tree: Sample Identifier, as phylo_tree names it; Selected: yes if the run was asked
for it, no if it is there as context, empty where you are viewer, because the inputs of a run are for
members and admins; Accession, if the tree has one. id_style: private (default, where permitted) or
public. Lines end with CR and LF. Errors: 404 tree_not_found, 400 invalid_argument.$$;

revoke all on function api.phylo_tree_samples(bigint, text) from public;
grant execute on function api.phylo_tree_samples(bigint, text) to member;
