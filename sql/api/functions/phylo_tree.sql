create or replace function api.phylo_tree(id bigint, id_style text default 'private')
returns api."*/*"
language sql
stable
security invoker
set statement_timeout = '30s'
begin atomic
    select
        internal.fail(
            400, 'invalid_argument', 'id_style must be private or public',
            json_build_object('id_style', phylo_tree.id_style)::text
        )
    where phylo_tree.id_style is null or phylo_tree.id_style not in ('private', 'public');

    select
        internal.fail(
            404, 'tree_not_found', 'There is no such tree, or you may not see it',
            json_build_object('id', phylo_tree.id)::text
        )
    where not exists (
        select from aspen.phylo_trees as trees
        where trees.id = phylo_tree.id
    );

    select
        set_config(
            'response.headers', '[{"Content-Type": "application/json; charset=utf-8"}]', true
        );

    -- Head and tail go into the aggregate with the first and the last tip: to put them around it
    -- afterwards would copy the whole text once more for each.
    select tips.text
    from aspen.phylo_trees as trees
    inner join aspen.jobs as jobs
        on trees.group_id = jobs.group_id and trees.job_id = jobs.id
    inner join aspen.pathogens as pathogens
        on jobs.pathogen_id = pathogens.id
    left join aspen.public_repositories as repositories
        on pathogens.default_repository_id = repositories.id
    cross join
        lateral (
            select
                internal.tree_document(
                    trees.document, trees.places, internal.tree_origin(trees.group_id)
                )::text as text,
                to_json(upper(coalesce(repositories.name, 'PUBLIC')) || '_ID')::text as public_key
        ) as document
    cross join
        lateral (
            select
                string_agg(
                    case
                        when tree_tips.position = 1
                            then left(document.text, -1) || ',"tree":' || tree_tips.lead_text
                        else tree_tips.lead_text
                    end
                    || case
                        when named.private_identifier is null then to_json(tree_tips.name)::text
                        else
                            to_json(named.private_identifier)::text || ','
                            || document.public_key || ':' || to_json(tree_tips.name)::text
                    end
                    || case
                        when tree_tips.position = trees.tip_count then trees.tail_text || '}'
                        else ''
                    end,
                    '' order by tree_tips.position
                ) as text
            from aspen.phylo_tree_tips as tree_tips
            left join aspen.samples as named
                on
                    tree_tips.sample_group_id = named.group_id
                    and tree_tips.sample_id = named.id
                    and phylo_tree.id_style = 'private'
                    and named.group_id = any(nullif(
                        current_setting('aspen.full_groups', true),
                        ''
                    )::bigint[])
            where tree_tips.group_id = trees.group_id and tree_tips.phylo_tree_id = trees.id
        ) as tips
    where trees.id = phylo_tree.id;
end;

comment on function api.phylo_tree(bigint, text) is $$A tree as an Auspice v2 dataset

id: of a tree (see phylo_trees). Tips bear the private identifier where the caller is member or
admin of the sample's group, directly or by grant, with the public one beside it ({REPOSITORY}_ID);
all others the public one. id_style=public: public identifiers everywhere. country, division and
location are coloured by distance from the group's default location. Errors: 404 tree_not_found, 400
invalid_argument.$$;

revoke all on function api.phylo_tree(bigint, text) from public;
grant execute on function api.phylo_tree(bigint, text) to member;
