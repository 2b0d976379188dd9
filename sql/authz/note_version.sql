-- The dates are in the comment of the schema, which the description shows as well, so that they are
-- said in one place; the rule versions_say_when_they_end checks their form. A day that a month does
-- not have becomes one of the next month: a wrong date must not fail every request.
create or replace function authz.note_version(schema_name text)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    path text := current_setting('request.path', true);
    headers text;
    done text[];
begin
    select json_build_object(
        'Deprecation', '@' || extract(epoch from dates.deprecated)::bigint,
        'Sunset', to_char(dates.sunset, 'Dy, DD Mon YYYY HH24:MI:SS "GMT"'),
        'Link', concat_ws(', ',
            '</rpc/manual>; rel="deprecation"; type="text/markdown"',
            format('<%s>; rel="successor-version"',
                case when path ~ '^/(rpc/)?[a-z_0-9]+$' then path else '/' end))
    )::text
    into headers
    from (
        select obj_description(to_regnamespace(note_version.schema_name), 'pg_namespace') as text
    ) as comments
    cross join regexp_matches(comments.text, '^Deprecated: (2\d{3})-(\d\d)-(\d\d)$', 'n')
        as deprecated (parts)
    cross join regexp_matches(comments.text, '^Sunset: (2\d{3})-(\d\d)-(\d\d)$', 'n')
        as sunset (parts)
    cross join lateral (
        select
            make_timestamp(deprecated.parts[1]::integer, 1, 1, 0, 0, 0)
            + make_interval(months => deprecated.parts[2]::integer - 1,
                days => deprecated.parts[3]::integer - 1) as deprecated,
            make_timestamp(sunset.parts[1]::integer, 1, 1, 0, 0, 0)
            + make_interval(months => sunset.parts[2]::integer - 1,
                days => sunset.parts[3]::integer - 1) as sunset
    ) as dates;
    done := array[
        set_config('aspen.api_version', note_version.schema_name, true),
        set_config('aspen.version_headers', coalesce(headers, ''), true)
    ];
end
$$;

comment on function authz.note_version(text) is $$Notes which previous version of the API a request is for

schema_name: its schema. Notes also the headers that say when it was deprecated and when it ends, for
authz.announce_version and for errors.$$;

revoke all on function authz.note_version(text) from public;
grant execute on function authz.note_version(text) to claims_reader;
