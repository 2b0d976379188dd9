create or replace function internal.common_parameters()
returns jsonb
language sql
stable
security invoker
begin atomic
    select
        pg_catalog.jsonb_object_agg(
            common.key,
            pg_catalog.jsonb_build_object(
                'name', common.name,
                'in', common.location,
                'description', common.description,
                'schema', common.schema::jsonb
            )
        )
    from (
        values
        (
            'select', 'select', 'query',
            'Columns of the answer, and related resources: id,locations(country)',
            '{"type": "string", "examples": ["id"]}'
        ),
        (
            'order', 'order', 'query', 'Columns to sort by: id.desc',
            '{"type": "string", "examples": ["id.desc"]}'
        ),
        (
            'limit', 'limit', 'query', 'Rows of the page, at most 1,000',
            '{"type": "integer", "minimum": 0}'
        ),
        (
            'offset', 'offset', 'query', 'Rows to skip; a filter on id is faster',
            '{"type": "integer", "minimum": 0}'
        ),
        (
            'or', 'or', 'query', 'At least one of several filters: (id.eq.1,id.eq.2)',
            '{"type": "string", "pattern": "^\\(.+\\)$", "examples": ["(id.eq.1,id.eq.2)"]}'
        ),
        (
            'and', 'and', 'query', 'All of several filters: (id.gt.1,id.lt.9)',
            '{"type": "string", "pattern": "^\\(.+\\)$", "examples": ["(id.gt.1,id.lt.9)"]}'
        ),
        (
            'columns', 'columns', 'query', 'Keys of the body that are read, of all rows',
            '{"type": "string", "examples": ["id"]}'
        ),
        (
            'on_conflict', 'on_conflict', 'query',
            'Columns that tell whether a row exists, for an upsert',
            '{"type": "string", "examples": ["id"]}'
        ),
        (
            'Range', 'Range', 'header', 'Rows of the page, from 0: 0-99',
            '{"type": "string", "pattern": "^[0-9]+-[0-9]*$", "examples": ["0-99"]}'
        ),
        (
            'Range-Unit', 'Range-Unit', 'header', 'What Range counts',
            '{"type": "string", "enum": ["items"]}'
        ),
        (
            'Prefer-count', 'Prefer', 'header',
            'count=exact: Content-Range says how many rows there are',
            '{"type": "string", "examples": ["count=exact"]}'
        ),
        (
            'Prefer-return', 'Prefer', 'header',
            'return=representation: answer with the rows; tx=rollback: a dry run;'
            ' max-affected=N: refuse if more rows are hit, 100 if absent',
            '{"type": "string", "examples": ["return=representation"]}'
        ),
        (
            'Idempotency-Key', 'Idempotency-Key', 'header',
            'Executes the request once in 24 hours, however often it is sent: a new UUID for each',
            '{"type": "string", "pattern": "^[!-~]+$", "minLength": 1, "maxLength": 255,'
            ' "examples": ["5b9c2e5e-7c0b-4c55-9f0a-3a3a1a1f6f0e"]}'
        ),
        (
            'Prefer-post', 'Prefer', 'header',
            'return=representation: answer with the rows; tx=rollback: a dry run;'
            ' resolution=merge-duplicates or resolution=ignore-duplicates: an upsert;'
            ' missing=default: an absent key means the default of its column',
            '{"type": "string", "examples": ["return=representation"]}'
        )
    ) as common (key, name, location, description, schema);
end;

comment on function internal.common_parameters() is $$Parameters that every resource understands

As OpenAPI parameters, to which the operations refer.$$;

revoke all on function internal.common_parameters() from public;
grant execute on function internal.common_parameters() to anon, member, operator, job;
