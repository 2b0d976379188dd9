-- A text that breaks a line or turns it around harms whoever reads an answer or a log. So every
-- column of texts is held by a check: a list of values, or an expression for all of it, or one
-- that refuses these characters; or it refers to a column that is. The exceptions, each with its
-- reason, are listed here.
-- Fix: add a check like that of the other texts, in sql/tables/ and in a migration.
select format('%s.%s', columns.attrelid::regclass, columns.attname) as object
from pg_catalog.pg_attribute as columns
inner join pg_catalog.pg_class as tables
    on columns.attrelid = tables.oid
inner join pg_catalog.pg_type as types
    on columns.atttypid = types.oid
where
    tables.relnamespace = 'aspen'::regnamespace
    and tables.relkind in ('r', 'p')
    and not tables.relispartition
    and columns.attnum > 0
    and not columns.attisdropped
    -- A domain holds what its base type does.
    and coalesce(nullif(types.typbasetype, 0), types.oid) in (
        'text'::regtype, 'text[]'::regtype, 'varchar'::regtype, 'varchar[]'::regtype
    )
    and (tables.relname, columns.attname) not in (
        -- Names of our tables and roles, and the account that runs a command.
        ('audit_log', 'table_name'),
        ('audit_log', 'role_name'),
        ('audit_log', 'actor'),
        -- Computed from names that a check holds.
        ('locations', 'region_key'),
        ('locations', 'path_key'),
        ('locations', 'search_key'),
        -- A check allows nothing but what names of lineages have.
        ('lineage_aliases', 'patterns'),
        -- A check allows nothing but hexadecimal digits and hyphens.
        ('jobs', 'traceparent'),
        ('log_positions', 'line_hash'),
        -- A check allows nothing but the kinds of events.
        ('webhooks', 'kinds'),
        -- Written from comments of this database, which has line breaks between its parts.
        ('api_descriptions', 'manual'),
        -- JSON, which only a reader of JSON can make sense of.
        ('phylo_tree_tips', 'segment'),
        ('phylo_trees', 'lead_text'),
        ('idempotency_keys', 'body'),
        -- A trigger allows nothing but codes of nucleotides (internal.normalise_sequence).
        ('sequences', 'sequence'),
        ('replaced_sequences', 'sequence'),
        -- In no answer: read where links are signed.
        ('storage_credentials', 'bucket'),
        ('storage_credentials', 'region'),
        ('storage_credentials', 'endpoint_url'),
        ('storage_credentials', 'access_key_id'),
        ('storage_credentials', 'secret_access_key'),
        ('storage_credentials', 'session_token')
    )
    and not exists (
        select 1
        from pg_catalog.pg_constraint as constraints
        where
            constraints.conrelid = tables.oid
            and constraints.contype = 'f'
            and columns.attnum = any(constraints.conkey)
    )
    and not exists (
        select 1
        from pg_catalog.pg_constraint as constraints
        -- A column of a domain is cast to its base type.
        cross join
            lateral regexp_replace(
                pg_catalog.pg_get_constraintdef(constraints.oid), '\((\w+)\)::text', '\1', 'g'
            ) as definition (text)
        where
            constraints.conrelid = tables.oid
            and constraints.contype = 'c'
            and constraints.convalidated
            and (
                regexp_replace(definition.text, '\s+', ' ', 'g') ~ format(
                    '\m%s = (''|ANY \(ARRAY\[)|\m%s ~ ''\^\[[^\\^]*\]',
                    columns.attname,
                    columns.attname
                )
                or definition.text ~ format(
                    '\m%s(, ''[^'']*''::text\))? !~ \(?[^~]*u2028-[^~]*u202e',
                    columns.attname
                )
            )
    )
