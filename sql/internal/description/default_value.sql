create or replace function internal.default_value(expression text)
returns jsonb
language sql
immutable
security invoker
begin atomic
    select
        case
            when default_value.expression ~ '^(true|false|-?\d+)$'
                then default_value.expression::jsonb
            when default_value.expression ~ '^''[^'']*''::text$'
                then
                    pg_catalog.to_jsonb(
                        pg_catalog.substring(default_value.expression, '^''([^'']*)''')
                    )
            when default_value.expression ~ '^''\{\}''::\w+\[\]$' then '[]'
            when default_value.expression ~ '^''(\{\}|\[\])''::jsonb?$'
                then pg_catalog.substring(default_value.expression, '^''(..)''')::jsonb
        end;
end;

comment on function internal.default_value(text) is $$A default of a column or an argument as JSON

expression: as PostgreSQL writes it. Null where it is computed, or null itself.$$;

revoke all on function internal.default_value(text) from public;
grant execute on function internal.default_value(text) to anon, member, operator, job;
