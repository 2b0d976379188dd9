create or replace function internal.manual_text()
returns text
language sql
stable
security invoker
begin atomic
    select
        pg_catalog.concat_ws(
            E'\n\n',
            '# ' || pg_catalog.regexp_replace(schemas.comment, '\n*$', ''),
            '`GET /` describes the same in OpenAPI 3.1, `GET /rpc/json_schema` in JSON Schema.',
            '## Resources',
            'GET reads, POST inserts, PATCH changes and DELETE removes the rows that filters name:'
            ' `GET /<resource>?<column>=<operator>.<value>`, with `select`, `order`, `limit` and'
            ' `offset`. A column marked * is written by clients.',
            (
                select
                    pg_catalog.string_agg(
                        pg_catalog.format(
                            E'### /%s\n\n%s\n\n%s\n\n%s', resources.name,
                            pg_catalog.concat_ws(
                                ', ',
                                case when resources.is_read then 'GET' end,
                                case when resources.is_inserted then 'POST' end,
                                case when resources.is_updated then 'PATCH' end,
                                case when resources.is_deleted then 'DELETE' end
                            ),
                            resources.comment,
                            resources.manual_lines
                        ),
                        E'\n\n' order by resources.name
                    )
                from internal.api_resources() as resources
            ),
            '## Functions',
            'POST with a JSON object of the arguments. GET, with the arguments in the URL, as well'
            ' where it is named.',
            (
                select
                    pg_catalog.string_agg(
                        pg_catalog.format(
                            E'### /rpc/%s\n\n%s%s\n\n%s', functions.name,
                            case when functions.is_writing then 'POST' else 'GET, POST' end,
                            (
                                select
                                    ' ' || pg_catalog.string_agg(
                                        '`' || arguments.name || '`', ', '
                                    )
                                from pg_catalog.json_object_keys(functions.arguments)
                                    as arguments (name)
                            ),
                            functions.comment
                        ),
                        E'\n\n' order by functions.name
                    )
                from internal.api_functions() as functions
            )
        ) || E'\n'
    from (
        select pg_catalog.obj_description(schemas.oid, 'pg_namespace') as comment
        from pg_catalog.pg_namespace as schemas
        where schemas.nspname = authz.api_version()
    ) as schemas;
end;

comment on function internal.manual_text() is $$The manual for the caller's role

Markdown made of the same catalogue and comments as the API description.$$;

revoke all on function internal.manual_text() from public;
grant execute on function internal.manual_text() to anon, member, operator, job;
