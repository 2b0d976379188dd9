-- The audit log keeps no value of a column that holds a secret, by its name or its comment, unless
-- it is decided here that it holds none.
-- Fix: leave the column out in sql/structure.sql, or list it here with the reason.
select distinct
    format('%s.%s', columns.attrelid::regclass, columns.attname) as object,
    'its values are kept in the audit log' as problem,
    'leave it out in sql/structure.sql, or list it here as no secret' as cure
from pg_catalog.pg_attribute as columns
inner join pg_catalog.pg_class as tables on columns.attrelid = tables.oid
inner join pg_catalog.pg_type as types on columns.atttypid = types.oid
inner join pg_catalog.pg_trigger as triggers on columns.attrelid = triggers.tgrelid
cross join
    lateral (
        select
            triggers.tgfoid::regproc::text as recorder,
            string_to_array(encode(triggers.tgargs, 'escape'), '\000') as arguments
    ) as calls
where
    tables.relnamespace = 'aspen'::regnamespace
    and columns.attnum > 0
    and not columns.attisdropped
    -- A number or a time is no secret.
    and coalesce(nullif(types.typbasetype, 0), types.oid)
    in ('text'::regtype, 'varchar'::regtype, 'bytea'::regtype, 'json'::regtype, 'jsonb'::regtype)
    and (
        columns.attname
        ~ '(^|_)(token|link|hash|secret|key|password|passphrase|credential|signature)s?(_|$)'
        or col_description(columns.attrelid, columns.attnum)
        ~* '\m(token|link|secret|password|passphrase|credential|signature)s?\M'
    )
    -- Keys of objects in S3, and whom a token names.
    and (tables.relname, columns.attname) not in (
        ('job_outputs', 'key'), ('object_prunes', 'key'), ('users', 'subject')
    )
    and case calls.recorder
        when 'internal.record_changes' then columns.attname <> all(calls.arguments)
        when 'internal.record_access_changes' then columns.attname = any(calls.arguments)
        when 'internal.record_row_change' then false
        else calls.recorder like 'internal.record\_%'
    end
