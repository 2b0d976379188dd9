create or replace function internal.usual_errors()
returns jsonb
language sql
stable
security invoker
begin atomic
    select
        pg_catalog.jsonb_object_agg(
            errors.status,
            pg_catalog.jsonb_build_object(
                'description', errors.description,
                'content',
                '{"application/json": {"schema": {"$ref": "#/components/schemas/error"}}}'::jsonb
            )
        )
    from (
        values
        ('400', 'The request is malformed or contains an invalid value'),
        ('401', 'The token is missing, invalid or expired'),
        ('403', 'The role of the caller does not allow this'),
        ('404', 'It does not exist, or the caller may not see it'),
        ('406', 'The request asks for one row, and the answer is none or several'),
        ('409', 'It contradicts what is stored'),
        ('413', 'The body is too large'),
        ('416', 'The page begins after the last row'),
        ('429', 'Too many requests; wait Retry-After seconds'),
        ('500', 'An error in Aspen; report it with its X-Request-Id'),
        ('503', 'Nothing was stored; send it again')
    ) as errors (status, description);
end;

comment on function internal.usual_errors() is $$Errors that any request may get

OpenAPI responses by status, to which the operations refer.$$;

revoke all on function internal.usual_errors() from public;
grant execute on function internal.usual_errors() to anon, member, operator, job;
