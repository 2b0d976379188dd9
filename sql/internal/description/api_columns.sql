-- Read from the catalogue at every request, so that every kind of load, and every grant, is seen at
-- once. A view has no "not null", no identity and no checks, so they are looked up in the tables it
-- is made of, by the name of the column; a column that is masked says "null" in its comment, and
-- one that its table allows to be null for other rows alone says "required". Where a trigger writes
-- instead of the view, clients write what api_writer may update, and when they insert a row also
-- what the comment calls required. A column of a previous version is a column of a view of api:
-- what is known of that is known of it. A column that has another name in its table is looked up by
-- the tree of the view.
create or replace function internal.api_columns()
returns table (
    resource_oid oid,
    resource text,
    place integer,
    name text,
    comment text,
    schema jsonb,
    operators text,
    example text,
    default_value jsonb,
    is_nullable boolean,
    is_required boolean,
    is_read boolean,
    is_inserted boolean,
    is_updated boolean
)
language sql
stable
security invoker
begin atomic
    with shown as materialized (
        select
            views.oid,
            views.relname
        from pg_catalog.pg_class as views
        inner join pg_catalog.pg_namespace as schemas
            on views.relnamespace = schemas.oid and schemas.nspname = authz.api_version()
        where
            views.relkind = 'v'
            and pg_catalog.has_any_column_privilege(views.oid, 'select, insert, update')
    ),

    trees as materialized (
        select
            selected.oid,
            rules.ev_action::text as text
        from pg_catalog.pg_class as selected
        inner join pg_catalog.pg_namespace as schemas
            on
                selected.relnamespace = schemas.oid
                and (schemas.nspname = 'api' or schemas.nspname = authz.api_version())
        inner join pg_catalog.pg_rewrite as rules
            on selected.oid = rules.ev_class
        where selected.relkind = 'v'
    ),

    views as materialized (
        select
            views.oid,
            case
                when exists (
                    select from pg_catalog.pg_trigger as triggers
                    where triggers.tgrelid = views.oid and triggers.tgtype & 68 = 68
                ) then 'api_writer'
                else current_user
            end as inserting_role,
            case
                when exists (
                    select from pg_catalog.pg_trigger as triggers
                    where triggers.tgrelid = views.oid and triggers.tgtype & 80 = 80
                ) then 'api_writer'
                else current_user
            end as updating_role
        from pg_catalog.pg_class as views
        where
            views.relkind = 'v'
            and views.oid in (select trees.oid from trees)
    ),

    origins as materialized (
        select distinct
            views.oid as view_oid,
            links.refobjid as table_oid
        from views
        inner join pg_catalog.pg_rewrite as rules
            on views.oid = rules.ev_class
        inner join pg_catalog.pg_depend as links
            on
                rules.oid = links.objid
                and links.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
                and links.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                and links.refobjsubid > 0
        inner join pg_catalog.pg_class as tables
            on links.refobjid = tables.oid and tables.relkind in ('r', 'p')
    ),

    choices as materialized (
        select
            constraints.conrelid,
            constraints.conkey[1] as attnum,
            (
                select pg_catalog.jsonb_agg(matches.match[1])
                from
                    pg_catalog.regexp_matches(
                        constraints.definition, '''([^'']*)''::text', 'g'
                    ) as matches (match)
            ) as texts
        from (
            select
                constraints.conrelid,
                constraints.conkey,
                pg_catalog.pg_get_constraintdef(constraints.oid) as definition
            from pg_catalog.pg_constraint as constraints
            where
                constraints.contype = 'c'
                and pg_catalog.cardinality(constraints.conkey) = 1
                and constraints.conrelid in (select origins.table_oid from origins)
                -- Writing out the others would take most of the time.
                and constraints.conbin::text like '{SCALARARRAYOPEXPR %'
        ) as constraints
        where constraints.definition ~ '^CHECK \(\(\w+ = ANY \(ARRAY\[[^]]*\]\)\)\)$'
    ),

    sources as materialized (
        select
            origins.view_oid,
            sources.attname,
            pg_catalog.bool_and(sources.attnotnull) as is_not_null,
            pg_catalog.bool_and(
                sources.attnotnull and not sources.atthasdef and sources.attidentity = ''
            ) as is_needed,
            pg_catalog.bool_or(
                pg_catalog.has_column_privilege(
                    views.inserting_role, sources.attrelid, sources.attnum, 'insert'
                )
            ) as is_inserted,
            pg_catalog.bool_or(
                pg_catalog.has_column_privilege(
                    views.updating_role, sources.attrelid, sources.attnum, 'update'
                )
            ) as is_updated,
            (pg_catalog.array_agg(choices.texts) filter (where choices.texts is not null))[1]
                as choices
        from origins
        inner join views
            on origins.view_oid = views.oid
        inner join pg_catalog.pg_attribute as sources
            on origins.table_oid = sources.attrelid and sources.attnum > 0
        left join choices
            on sources.attrelid = choices.conrelid and sources.attnum = choices.attnum
        group by origins.view_oid, sources.attname
    )

    select
        shown.oid,
        shown.relname::text,
        columns.attnum::integer,
        columns.attname::text,
        comments.description,
        pg_catalog.jsonb_strip_nulls(
            coalesce(types.schema, '{}')
            || pg_catalog.jsonb_build_object('enum', sources.choices)
        ) as schema,
        coalesce(types.operators, 'is') as operators,
        coalesce(types.example, 'is.null') as example,
        internal.default_value(defaults.expression) as default_value,
        coalesce(not sources.is_not_null, true)
        and coalesce(comments.description !~* '\mrequired\M', true)
        or coalesce(comments.description ~* '\mnull\M', false) as is_nullable,
        comments.description ~* '\mrequired\M'
        or coalesce(
            sources.is_needed and views.inserting_role <> 'api_writer'
            and defaults.expression is null,
            false
        ) as is_required,
        pg_catalog.has_column_privilege(shown.oid, columns.attnum, 'select') as is_read,
        pg_catalog.has_column_privilege(shown.oid, columns.attnum, 'insert')
        and coalesce(
            case
                when views.inserting_role = 'api_writer'
                    then
                        sources.is_updated and originals.attname <> 'updated_at'
                        or comments.description ~* '\mrequired\M'
                else sources.is_inserted
            end,
            false
        ) as is_inserted,
        pg_catalog.has_column_privilege(shown.oid, columns.attnum, 'update')
        and coalesce(
            sources.is_updated
            and (views.updating_role <> 'api_writer' or originals.attname <> 'updated_at'),
            false
        ) as is_updated
    from shown
    inner join pg_catalog.pg_attribute as columns
        on shown.oid = columns.attrelid and columns.attnum > 0 and not columns.attisdropped
    left join trees
        on shown.oid = trees.oid and authz.api_version() <> 'api'
    left join
        lateral internal.column_origin(trees.text, columns.attname) as made_of
        on true
    inner join views
        on coalesce(made_of.relation_oid, shown.oid) = views.oid
    inner join pg_catalog.pg_attribute as originals
        on
            views.oid = originals.attrelid
            and coalesce(made_of.attnum, columns.attnum) = originals.attnum
    inner join pg_catalog.pg_type as written
        on columns.atttypid = written.oid
    left join internal.api_types() as types
        on coalesce(nullif(written.typbasetype, 0), written.oid) = types.type_oid
    left join sources as namesakes
        on views.oid = namesakes.view_oid and originals.attname = namesakes.attname
    -- Searched only where there is none, because that takes longest.
    left join trees as own_trees
        on views.oid = own_trees.oid and namesakes.view_oid is null
    left join
        lateral internal.column_origin(own_trees.text, originals.attname) as stored
        on true
    left join pg_catalog.pg_attribute as kept
        on stored.relation_oid = kept.attrelid and stored.attnum = kept.attnum
    left join sources
        on
            views.oid = sources.view_oid
            and coalesce(namesakes.attname, kept.attname) = sources.attname
    left join pg_catalog.pg_description as comments
        on
            columns.attrelid = comments.objoid
            and columns.attnum = comments.objsubid
            and comments.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
    left join
        lateral (
            select pg_catalog.pg_get_expr(defaults.adbin, defaults.adrelid) as expression
            from pg_catalog.pg_attrdef as defaults
            where defaults.adrelid = columns.attrelid and defaults.adnum = columns.attnum
        ) as defaults
        on columns.atthasdef;
end;

comment on function internal.api_columns() is $$Columns of the resources that the caller may use

As the catalogue and the comments describe them, with what the caller may write.$$;

revoke all on function internal.api_columns() from public;
grant execute on function internal.api_columns() to anon, member, operator, job;
