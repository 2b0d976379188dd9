create or replace function internal.tree_document(
    document jsonb, places jsonb,
    origin_location_id bigint
)
returns jsonb
language sql
stable
security invoker
begin atomic
    with scales as (
        select
            levels.key,
            levels.title,
            levels.ordinality,
            internal.place_colors(
                levels.key, tree_document.places -> levels.key,
                tree_document.origin_location_id)
                as scale
        from
            unnest(array[
                'country', 'division', 'location'], array[
                'Country', 'Admin Division',
                'Location'
            ])
            with ordinality as levels (key, title, ordinality)
        where jsonb_array_length(tree_document.places -> levels.key) > 0
    ),

    colorings as (
        select
            case
                when scales.scale is null then entries.coloring
                else entries.coloring || jsonb_build_object('scale', scales.scale)
            end as coloring,
            entries.ordinality
        from
            jsonb_array_elements(
                case jsonb_typeof(tree_document.document #> '{meta,colorings}')
                    when 'array' then tree_document.document #> '{meta,colorings}'
                    else '[]'::jsonb
                end
            ) with ordinality as entries (coloring, ordinality)
        left join scales
            on scales.key = entries.coloring ->> 'key'
        union all
        select
            jsonb_build_object(
                'key', scales.key, 'title', scales.title, 'type', 'categorical', 'scale',
                scales.scale
            ) as coloring,
            -- After the existing colorings.
            1000000 + scales.ordinality as ordinality
        from scales
        where not jsonb_path_exists(
            tree_document.document, '$.meta.colorings[*] ? (@.key == $key)',
            jsonb_build_object('key', scales.key)
        )
    )

    select case
        when jsonb_typeof(tree_document.document -> 'meta') = 'object'
            then jsonb_set(
                tree_document.document,
                '{meta,colorings}',
                (select coalesce(
                    jsonb_agg(colorings.coloring order by colorings.ordinality),
                    '[]'
                ) from colorings)
            )
        else tree_document.document
    end;
end;

comment on function internal.tree_document(jsonb, jsonb, bigint) is
'An Auspice document with locations coloured by distance from one';

revoke all on function internal.tree_document(jsonb, jsonb, bigint) from public;
grant execute on function internal.tree_document(jsonb, jsonb, bigint) to member, api_writer;
