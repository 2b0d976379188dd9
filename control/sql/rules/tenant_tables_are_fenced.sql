-- On every table with a group_id, and on the groups themselves, a fence restricts whoever serves
-- callers to the groups they see. It may narrow that further, and let operators through; nothing
-- else may stand beside it. That of rows of samples is exactly as sql/structure.sql has it.
-- api_writer reads the prefix of every group, for generated identifiers.
select
    format('%s: %s', tables.oid::regclass, roles.rolname) as object,
    'no restrictive policy keeps this role to the groups of the caller' as problem,
    'run sql/structure.sql, which creates the policy <table>_fence, or write one like it for this'
    ' role' as cure
from pg_catalog.pg_class as tables
inner join pg_catalog.pg_attribute as columns
    on
        tables.oid = columns.attrelid
        and columns.attname = case tables.oid
            when to_regclass('aspen.groups') then 'id' else 'group_id'
        end
cross join pg_catalog.pg_roles as roles
where
    -- The last one is what a trial of `control migrate up` puts aside, with the policies that are
    -- about to go.
    tables.relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
    and tables.relkind in ('r', 'p')
    and roles.rolname in (
        'authenticator', 'anon', 'member', 'operator', 'job', 'analyst', 'api_writer'
    )
    and (roles.rolname <> 'api_writer' or columns.attname = 'group_id')
    and (
        has_table_privilege(roles.oid, tables.oid, 'select, insert, update, delete')
        or has_any_column_privilege(roles.oid, tables.oid, 'select, insert, update')
        or exists (
            select from pg_catalog.pg_policy as policies
            where
                policies.polrelid = tables.oid
                and policies.polpermissive
                and roles.oid = any(policies.polroles)
        )
    )
    and not exists (
        select from pg_catalog.pg_policy as fences
        cross join
            lateral (
                -- PostgreSQL breaks lines, and casts a column of a domain to its base type.
                select replace(
                    replace(
                        regexp_replace(
                            btrim(pg_get_expr(fences.polqual, fences.polrelid), e' \n'),
                            '\s+', ' ', 'g'
                        ),
                        '(group_id)::bigint', 'group_id'
                    ),
                    '(disclosed_at)::timestamp with time zone', 'disclosed_at'
                ) as text
            ) as condition
        cross join
            lateral (
                select
                    format(
                        '\((%1$s|\(%1$s \+ 0\)) = ANY \(authz\.any_groups\(\)\)\)',
                        columns.attname
                    ) as comparison,
                    regexp_replace(
                        $$CASE authz.planned_for()
                        WHEN 'member of one group'::text THEN full
                        WHEN 'member of all groups'::text
                        THEN (group_id = ANY (authz.full_groups()))
                        WHEN 'viewer of one group'::text THEN (any AND (disclosed_at <= now()))
                        WHEN 'few groups'::text THEN ((group_id = ANY (any_groups))
                        AND CASE WHEN (disclosed_at <= now()) THEN true
                        ELSE (group_id = ANY (full_groups)) END)
                        ELSE ((group_id = ANY (authz.any_groups()))
                        AND ((disclosed_at <= now()) OR (group_id = ANY (authz.full_groups()))))
                        END$$,
                        '\s+', '', 'g'
                    ) as of_samples
            ) as expected
        where
            fences.polrelid = tables.oid
            and not fences.polpermissive
            and fences.polcmd = '*'
            and (
                -- PostgreSQL puts each "and" and each "or" into brackets of its own.
                condition.text ~ format(
                    $$^(%1$s|\(%1$s AND .*\)|\(%1$s OR \(CURRENT_USER = 'operator'::name\)\))$$,
                    expected.comparison
                )
                or replace(
                    replace(
                        regexp_replace(
                            regexp_replace(
                                condition.text,
                                $$\(NULLIF\(current_setting\('aspen\.(any|full)_groups'::text, $$
                                || $$true\), ''::text\)\)::bigint\[\]$$,
                                '\1_groups', 'g'
                            ),
                            -- Of samples, the only group is compared twice.
                            $$\(group_id = \((any|full)_groups\)\[1\]\)$$
                            || $$( AND \(group_id = ANY \(\1_groups\)\))?$$,
                            '\1', 'g'
                        ),
                        '(full)', 'full'
                    ),
                    ' ', ''
                ) = expected.of_samples
            )
            and pg_get_expr(fences.polwithcheck, fences.polrelid)
            = pg_get_expr(fences.polqual, fences.polrelid)
            and exists (
                select from unnest(fences.polroles) as named (oid)
                where pg_has_role(roles.oid, named.oid, 'usage')
            )
    )
