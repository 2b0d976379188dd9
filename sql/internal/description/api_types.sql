-- The types that resources and arguments have; a type that is missing here is described as any
-- value. The operators are those of PostgREST, as a regular expression for the start of a filter.
create or replace function internal.api_types()
returns table (type_oid oid, schema jsonb, operators text, example text)
language sql
immutable
security invoker
begin atomic
    select
        types.type_oid,
        types.schema,
        case types.family
            when 'any' then 'is'
            when 'truth' then 'eq|neq|in|is|isdistinct'
            when 'list' then 'eq|neq|cs|cd|ov|is|isdistinct'
            when 'moment' then 'eq|neq|gt|gte|lt|lte|in|is|isdistinct'
            when 'number' then '(eq|neq|gt|gte|lt|lte)(\((any|all)\))?|in|is|isdistinct'
            else
                '(eq|neq|gt|gte|lt|lte|like|ilike|match|imatch)(\((any|all)\))?'
                || '|(fts|plfts|phfts|wfts)(\(\w+\))?|in|is|isdistinct'
        end as operators,
        types.example
    from (
        values
        (
            'pg_catalog.int8'::pg_catalog.regtype::oid,
            '{"type": "integer", "format": "int64", "examples": [1]}'::jsonb,
            'number', 'eq.1'
        ),
        (
            'pg_catalog.int4'::pg_catalog.regtype,
            '{"type": "integer", "format": "int32", "examples": [1]}',
            'number', 'eq.1'
        ),
        (
            'pg_catalog.float8'::pg_catalog.regtype,
            '{"type": "number", "format": "double", "examples": [0.5]}',
            'number', 'gte.0.5'
        ),
        (
            'pg_catalog.numeric'::pg_catalog.regtype,
            '{"type": "number", "examples": [0.5]}', 'number', 'gte.0.5'
        ),
        ('pg_catalog.bool'::pg_catalog.regtype, '{"type": "boolean"}', 'truth', 'is.true'),
        (
            'pg_catalog.date'::pg_catalog.regtype,
            '{"type": "string", "format": "date", "examples": ["2024-02-29"]}',
            'moment', 'gte.2024-02-29'
        ),
        (
            'pg_catalog.timestamptz'::pg_catalog.regtype,
            '{"type": "string", "format": "date-time", "examples": ["2024-02-29T10:00:00Z"]}',
            'moment', 'gte.2024-02-29'
        ),
        ('pg_catalog.text'::pg_catalog.regtype, '{"type": "string"}', 'text', 'eq.text'),
        (
            'pg_catalog.uuid'::pg_catalog.regtype,
            '{"type": "string", "format": "uuid"}', 'moment',
            'eq.00000000-0000-0000-0000-000000000000'
        ),
        (
            'pg_catalog._text'::pg_catalog.regtype,
            '{"type": "array", "items": {"type": "string"}}', 'list', 'cs.{text}'
        ),
        (
            'pg_catalog._int8'::pg_catalog.regtype,
            '{"type": "array", "items": {"type": "integer", "format": "int64"}}',
            'list', 'cs.{1}'
        ),
        ('pg_catalog.json'::pg_catalog.regtype, '{}', 'any', 'is.null'),
        ('pg_catalog.jsonb'::pg_catalog.regtype, '{}', 'any', 'is.null')
    ) as types (type_oid, schema, family, example);
end;

comment on function internal.api_types() is $$Types of columns and arguments as JSON Schema

With the operators that filter a column of the type, and an example of such a filter.$$;

revoke all on function internal.api_types() from public;
grant execute on function internal.api_types() to anon, member, operator, job;
