-- Every look-up is by key, so plans are kept: planning again took a tenth of the time.
create or replace function api.phylo_tree(id bigint, id_style text default 'private')
returns api."*/*"
language sql
stable
security invoker
set statement_timeout = '30s'
set plan_cache_mode = 'force_generic_plan'
-- A plan made while there were few trees would read all of them.
set enable_seqscan = 'off'
begin atomic
    select
        internal.fail(
            400, 'invalid_argument', 'id_style must be private or public',
            json_build_object('id_style', left(phylo_tree.id_style, 200))::text
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

    select internal.add_headers('[{"Content-Type": "application/json; charset=utf-8"}]');

    -- Each tip's segment of the text is taken as it is stored, and that of an inner node which is
    -- a sample. A private name goes in before it, as the delimiter; head and tail go in with the
    -- first and the last of them. So megabytes are put together without a copy in between. The
    -- index gives them in order.
    with tree as materialized (
        select
            trees.group_id,
            trees.tip_count + trees.linked_node_count as last_position,
            left(
                internal.tree_document(
                    trees.document, trees.places, internal.tree_origin(trees.group_id)
                )::text,
                -1
            ) || ',"tree":' || trees.lead_text as lead_text,
            ',' || to_json(upper(coalesce(repositories.name, 'PUBLIC')) || '_ID')::text || ':'
                as public_key
        from aspen.phylo_trees as trees
        inner join aspen.jobs as jobs
            on trees.group_id = jobs.group_id and trees.job_id = jobs.id
        inner join aspen.pathogens as pathogens
            on jobs.pathogen_id = pathogens.id
        left join aspen.public_repositories as repositories
            on pathogens.default_repository_id = repositories.id
        where trees.id = phylo_tree.id
    )

    select
        case
            when internal.needs_body(hashtextextended(answers.body, 0)) then answers.body
            else ''
        end
    from tree
    cross join
        lateral (
            select
                string_agg(
                    case
                        when tips.position > 1 and tips.position < tree.last_position
                            then tips.segment
                        else
                            case
                                when tips.position = 1
                                    then tree.lead_text || coalesce(named.private_name, '')
                                else ''
                            end
                            || tips.segment
                            || case when tips.position = tree.last_position then '}' else '' end
                    end,
                    named.private_name
                    order by tips.position
                )
            from aspen.phylo_tree_tips as tips
            -- One walk through the keys of samples finds all names: a look-up for each tip took a
            -- third of the time.
            left join
                (
                    select
                        samples.group_id,
                        samples.id,
                        to_json(samples.private_identifier)::text || tree.public_key
                            as private_name
                    from aspen.samples as samples
                    where
                        samples.group_id = any((select authz.full_groups())::bigint[])
                        and samples.id = any(
                            array(
                                select linked.sample_id
                                from aspen.phylo_tree_tips as linked
                                where
                                    phylo_tree.id_style = 'private'
                                    and linked.group_id = tree.group_id
                                    and linked.phylo_tree_id = phylo_tree.id
                            )
                        )
                ) as named
                on tips.sample_group_id = named.group_id and tips.sample_id = named.id
            where tips.group_id = tree.group_id and tips.phylo_tree_id = phylo_tree.id
        ) as answers (body);
end;

comment on function api.phylo_tree(bigint, text) is $$A tree as an Auspice v2 dataset

id: of a tree (see phylo_trees). Tips, and inner nodes that are samples, have the private identifier
where the caller is member or admin of the sample's group, directly or by a grant, and then the
public one beside it ({REPOSITORY}_ID); all others have the public one. id_style: private (the
default) for that, public for public identifiers everywhere. country, division and location are coloured by distance from the group's
default location, which comes first in each scale: 16 colours, and locations of the same name are
told apart by their parents. GET has an ETag: with If-None-Match, the answer is 304 without a body as
long as the tree and its names are the same. Errors: 404 tree_not_found, 400 invalid_argument.$$;

revoke all on function api.phylo_tree(bigint, text) from public;
grant execute on function api.phylo_tree(bigint, text) to member, api_writer;
