-- List every piece of code and what there is to know of it as text, so that the code of two
-- schemas of the same names can be compared. The rows of tables and sequences tell who may do what
-- with them. With the setting control.made_since only what was made since that transaction is
-- defined: all else is named.
with since as (
    select
        coalesce(
            nullif(pg_catalog.current_setting('control.made_since', true), '')::bigint, 0
        ) as xid
),

code_schemas as (
    select namespaces.oid
    from pg_catalog.pg_namespace as namespaces
    where namespaces.nspname ~ '^(api(_v[0-9]+)?|authz|internal)$'
),

table_schemas as (
    select namespaces.oid
    from pg_catalog.pg_namespace as namespaces
    where namespaces.nspname ~ '^(aspen|api(_v[0-9]+)?|authz|internal)$'
),

comments as (
    select
        descriptions.classoid,
        descriptions.objoid,
        pg_catalog.string_agg(
            pg_catalog.format('%s: %s', descriptions.objsubid, descriptions.description),
            e'\n' order by descriptions.objsubid
        ) as comment
    from pg_catalog.pg_description as descriptions
    where
        descriptions.classoid in (
            'pg_catalog.pg_class'::pg_catalog.regclass,
            'pg_catalog.pg_operator'::pg_catalog.regclass,
            'pg_catalog.pg_proc'::pg_catalog.regclass,
            'pg_catalog.pg_type'::pg_catalog.regclass,
            'pg_catalog.pg_policy'::pg_catalog.regclass,
            'pg_catalog.pg_trigger'::pg_catalog.regclass
        )
        -- Nothing of ours is older than the database system itself.
        and descriptions.objoid >= 16384
    group by descriptions.classoid, descriptions.objoid
),

relation_grants as (
    select
        granted.oid,
        pg_catalog.array_agg(
            pg_catalog.format(
                '%s%s on %s %s to %s%s',
                granted.privilege_type,
                ' (' || pg_catalog.quote_ident(granted.attname) || ')',
                case granted.relkind when 'S' then 'sequence' else 'table' end,
                granted.oid::pg_catalog.regclass,
                case granted.grantee
                    when 0 then 'public' else granted.grantee::pg_catalog.regrole::text
                end,
                case when granted.is_grantable then ' with grant option' else '' end
            )
            order by
                granted.attname, granted.grantee::pg_catalog.regrole::text,
                granted.privilege_type
        ) as grants
    from (
        select
            relations.oid,
            relations.relkind,
            relations.relowner,
            null::name as attname,
            entries.grantee,
            entries.privilege_type,
            entries.is_grantable
        from pg_catalog.pg_class as relations
        cross join lateral pg_catalog.aclexplode(relations.relacl) as entries
        where
            relations.relnamespace in (select table_schemas.oid from table_schemas)
            and relations.relkind in ('r', 'p', 'S', 'v')
        union all
        select
            relations.oid,
            relations.relkind,
            relations.relowner,
            attributes.attname,
            entries.grantee,
            entries.privilege_type,
            entries.is_grantable
        from pg_catalog.pg_class as relations
        inner join pg_catalog.pg_attribute as attributes on relations.oid = attributes.attrelid
        cross join lateral pg_catalog.aclexplode(attributes.attacl) as entries
        where
            relations.relnamespace in (select table_schemas.oid from table_schemas)
            and relations.relkind in ('r', 'p', 'S', 'v')
    ) as granted
    where granted.grantee <> granted.relowner
    group by granted.oid
),

function_grants as (
    select
        functions.oid,
        pg_catalog.array_agg(
            entries.grantee::pg_catalog.regrole::text || '=' || entries.is_grantable
            order by entries.grantee::pg_catalog.regrole::text
        ) as grants
    from pg_catalog.pg_proc as functions
    cross join
        lateral pg_catalog.aclexplode(
            coalesce(functions.proacl, pg_catalog.acldefault('f', functions.proowner))
        ) as entries
    where functions.pronamespace in (select code_schemas.oid from code_schemas)
    group by functions.oid
)

-- Functions and aggregates. Where `shape` is the same, one can take the place of the other.
select
    case functions.prokind when 'a' then 'aggregate' else 'function' end as kind,
    functions.oid::pg_catalog.regprocedure::text as identity,
    'pg_catalog.pg_proc'::pg_catalog.regclass::oid as classid,
    functions.oid as objid,
    case when functions.xmin::text::bigint >= since.xid then pg_catalog.concat_ws(
        e'\n',
        case functions.prokind
            when 'a'
                then (
                    select
                        pg_catalog.concat_ws(
                            ' ',
                            pg_catalog.to_jsonb(aggregates.*)
                            - array['aggfnoid', 'aggtranstype', 'aggmtranstype', 'aggsortop'],
                            pg_catalog.format_type(aggregates.aggtranstype, null),
                            pg_catalog.format_type(aggregates.aggmtranstype, null),
                            aggregates.aggsortop::pg_catalog.regoperator
                        )
                    from pg_catalog.pg_aggregate as aggregates
                    where aggregates.aggfnoid = functions.oid
                )
            else pg_catalog.pg_get_functiondef(functions.oid)
        end,
        pg_catalog.pg_get_function_result(functions.oid),
        functions.proowner::pg_catalog.regrole,
        function_grants.grants,
        comments.comment
    ) end as definition,
    pg_catalog.concat_ws(
        ' ',
        functions.prokind,
        pg_catalog.pg_get_function_arguments(functions.oid),
        pg_catalog.pg_get_function_result(functions.oid)
    ) as shape,
    function_grants.grants
from pg_catalog.pg_proc as functions
cross join since
left join function_grants on functions.oid = function_grants.oid
left join comments
    on
        functions.oid = comments.objoid
        and comments.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass
where
    functions.pronamespace in (select code_schemas.oid from code_schemas)
    -- What load_code makes itself, under a name that never comes twice.
    and not pg_catalog.starts_with(functions.proname, 'loaded_')
union all
select
    'view' as kind,
    relations.oid::pg_catalog.regclass::text,
    'pg_catalog.pg_class'::pg_catalog.regclass::oid,
    relations.oid,
    case when relations.xmin::text::bigint >= since.xid then pg_catalog.concat_ws(
        e'\n',
        pg_catalog.pg_get_viewdef(relations.oid),
        relations.reloptions,
        relations.relowner::pg_catalog.regrole,
        (
            select
                pg_catalog.string_agg(
                    pg_catalog.concat_ws(
                        ' ',
                        attributes.attname,
                        pg_catalog.format_type(attributes.atttypid, attributes.atttypmod),
                        pg_catalog.pg_get_expr(defaults.adbin, defaults.adrelid)
                    ),
                    ', ' order by attributes.attnum
                )
            from pg_catalog.pg_attribute as attributes
            left join pg_catalog.pg_attrdef as defaults
                on attributes.attrelid = defaults.adrelid and attributes.attnum = defaults.adnum
            where attributes.attrelid = relations.oid and attributes.attnum > 0
        ),
        (
            select
                pg_catalog.string_agg(
                    pg_catalog.pg_get_ruledef(rules.oid), ' ' order by rules.rulename
                )
            from pg_catalog.pg_rewrite as rules
            where rules.ev_class = relations.oid
        ),
        relation_grants.grants,
        comments.comment
    ) end as definition,
    null as shape,
    null as grants
from pg_catalog.pg_class as relations
cross join since
left join relation_grants on relations.oid = relation_grants.oid
left join comments
    on
        relations.oid = comments.objoid
        and comments.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
where
    relations.relnamespace in (select code_schemas.oid from code_schemas)
    and relations.relkind = 'v'
union all
select
    'type' as kind,
    types.oid::pg_catalog.regtype::text,
    'pg_catalog.pg_type'::pg_catalog.regclass::oid,
    types.oid,
    case when types.xmin::text::bigint >= since.xid then pg_catalog.concat_ws(
        e'\n',
        types.typtype,
        types.typnotnull,
        pg_catalog.format_type(types.typbasetype, types.typtypmod),
        types.typdefault,
        types.typowner::pg_catalog.regrole,
        (
            select
                pg_catalog.string_agg(
                    constraints.conname || ' ' || pg_catalog.pg_get_constraintdef(constraints.oid),
                    ', ' order by constraints.conname
                )
            from pg_catalog.pg_constraint as constraints
            where constraints.contypid = types.oid
        ),
        (
            select pg_catalog.string_agg(labels.enumlabel, ', ' order by labels.enumsortorder)
            from pg_catalog.pg_enum as labels
            where labels.enumtypid = types.oid
        ),
        (
            select
                pg_catalog.string_agg(
                    attributes.attname || ' '
                    || pg_catalog.format_type(attributes.atttypid, attributes.atttypmod),
                    ', ' order by attributes.attnum
                )
            from pg_catalog.pg_attribute as attributes
            where attributes.attrelid = types.typrelid and attributes.attnum > 0
        ),
        (
            select
                pg_catalog.string_agg(
                    entries.grantee || '=' || entries.privilege_type, ', '
                    order by entries.grantee, entries.privilege_type
                )
            from pg_catalog.aclexplode(types.typacl) as entries
        ),
        comments.comment
    ) end as definition,
    null as shape,
    null as grants
from pg_catalog.pg_type as types
cross join since
left join pg_catalog.pg_class as relations on types.typrelid = relations.oid
left join comments
    on
        types.oid = comments.objoid
        and comments.classoid = 'pg_catalog.pg_type'::pg_catalog.regclass
where
    types.typnamespace in (select code_schemas.oid from code_schemas)
    and types.typtype in ('c', 'd', 'e', 'r')
    and coalesce(relations.relkind, 'c') = 'c'
union all
select
    'cast' as kind,
    pg_catalog.format(
        '(%s as %s)',
        casts.castsource::pg_catalog.regtype, casts.casttarget::pg_catalog.regtype
    ) as identity,
    'pg_catalog.pg_cast'::pg_catalog.regclass::oid,
    casts.oid,
    pg_catalog.concat_ws(
        ' ',
        case when casts.castfunc <> 0 then casts.castfunc::pg_catalog.regprocedure end,
        casts.castcontext,
        casts.castmethod
    ) as definition,
    null as shape,
    null as grants
from pg_catalog.pg_cast as casts
inner join pg_catalog.pg_type as sources on casts.castsource = sources.oid
inner join pg_catalog.pg_type as targets on casts.casttarget = targets.oid
where
    sources.typnamespace in (select code_schemas.oid from code_schemas)
    or targets.typnamespace in (select code_schemas.oid from code_schemas)
    or casts.castfunc in (
        select functions.oid
        from pg_catalog.pg_proc as functions
        where functions.pronamespace in (select code_schemas.oid from code_schemas)
    )
union all
select
    'operator' as kind,
    operators.oid::pg_catalog.regoperator::text,
    'pg_catalog.pg_operator'::pg_catalog.regclass::oid,
    operators.oid,
    pg_catalog.concat_ws(
        ' ',
        operators.oprcode::pg_catalog.regprocedure,
        operators.oprrest::pg_catalog.regprocedure,
        operators.oprjoin::pg_catalog.regprocedure,
        operators.oprcom::pg_catalog.regoperator,
        operators.oprnegate::pg_catalog.regoperator,
        operators.oprcanmerge,
        operators.oprcanhash,
        operators.oprowner::pg_catalog.regrole,
        comments.comment
    ) as definition,
    null as shape,
    null as grants
from pg_catalog.pg_operator as operators
left join comments
    on
        operators.oid = comments.objoid
        and comments.classoid = 'pg_catalog.pg_operator'::pg_catalog.regclass
where operators.oprnamespace in (select code_schemas.oid from code_schemas)
union all
select
    'policy' as kind,
    pg_catalog.format('%I on %s', policies.polname, policies.polrelid::pg_catalog.regclass)
        as identity,
    'pg_catalog.pg_policy'::pg_catalog.regclass::oid,
    policies.oid,
    case when policies.xmin::text::bigint >= since.xid then pg_catalog.concat_ws(
        e'\n',
        policies.polcmd,
        policies.polpermissive,
        array(
            select pg_catalog.format('%s', roles.rolname)
            from unnest(policies.polroles) as members (role)
            left join pg_catalog.pg_roles as roles on members.role = roles.oid
            order by roles.rolname
        ),
        pg_catalog.pg_get_expr(policies.polqual, policies.polrelid),
        '---',
        pg_catalog.pg_get_expr(policies.polwithcheck, policies.polrelid),
        comments.comment
    ) end as definition,
    null as shape,
    null as grants
from pg_catalog.pg_policy as policies
cross join since
inner join pg_catalog.pg_class as relations on policies.polrelid = relations.oid
left join comments
    on
        policies.oid = comments.objoid
        and comments.classoid = 'pg_catalog.pg_policy'::pg_catalog.regclass
where relations.relnamespace in (select table_schemas.oid from table_schemas)
union all
select
    'trigger' as kind,
    pg_catalog.format('%I on %s', triggers.tgname, triggers.tgrelid::pg_catalog.regclass)
        as identity,
    'pg_catalog.pg_trigger'::pg_catalog.regclass::oid,
    triggers.oid,
    case when triggers.xmin::text::bigint >= since.xid then pg_catalog.concat_ws(
        e'\n',
        pg_catalog.pg_get_triggerdef(triggers.oid),
        triggers.tgenabled,
        comments.comment
    ) end as definition,
    null as shape,
    null as grants
from pg_catalog.pg_trigger as triggers
cross join since
inner join pg_catalog.pg_class as relations on triggers.tgrelid = relations.oid
left join comments
    on
        triggers.oid = comments.objoid
        and comments.classoid = 'pg_catalog.pg_trigger'::pg_catalog.regclass
where
    relations.relnamespace in (select table_schemas.oid from table_schemas)
    and triggers.tgparentid = 0
    and not triggers.tgisinternal
union all
select
    'table' as kind,
    relations.oid::pg_catalog.regclass::text,
    'pg_catalog.pg_class'::pg_catalog.regclass::oid,
    relations.oid,
    pg_catalog.concat_ws(
        ' ',
        relations.relrowsecurity,
        relations.relforcerowsecurity,
        relation_grants.grants
    ) as definition,
    pg_catalog.concat_ws(
        ', ',
        case when relations.relrowsecurity then 'enable row level security' end,
        case when relations.relforcerowsecurity then 'force row level security' end
    ) as shape,
    relation_grants.grants
from pg_catalog.pg_class as relations
left join relation_grants on relations.oid = relation_grants.oid
where
    relations.relnamespace in (select table_schemas.oid from table_schemas)
    and relations.relkind in ('r', 'p', 'S')
union all
-- What this query knows no words for: whoever finds any compares nothing.
select
    'other' as kind,
    pg_catalog.pg_describe_object(links.classid, links.objid, links.objsubid) as identity,
    links.classid,
    links.objid,
    '' as definition,
    null as shape,
    null as grants
from pg_catalog.pg_depend as links
left join pg_catalog.pg_class as relations
    on
        links.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        and links.objid = relations.oid
where
    links.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
    and links.refobjid in (select code_schemas.oid from code_schemas)
    and (
        links.classid not in (
            'pg_catalog.pg_class'::pg_catalog.regclass,
            'pg_catalog.pg_type'::pg_catalog.regclass,
            'pg_catalog.pg_proc'::pg_catalog.regclass,
            'pg_catalog.pg_operator'::pg_catalog.regclass
        )
        or relations.relkind not in ('v', 'c', 'r', 'p', 'S', 'i', 'I', 't')
    );
