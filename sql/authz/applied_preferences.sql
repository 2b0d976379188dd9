-- As PostgREST 12 reads Prefer: case counts, and of several of one kind the first does. The rest is
-- ignored. PostgREST has set the time zone if it knows it.
create or replace function authz.applied_preferences(is_function boolean)
returns text[]
language sql
stable
security invoker
set search_path = ''
as $$
    select coalesce(array_agg(first.preference order by first.place), '{}')
    from (
        select distinct on (kinds.place) kinds.place, btrim(given.preference, E' \t') as preference
        from string_to_table(
            nullif(current_setting('request.headers', true), '')::json ->> 'prefer', ','
        ) with ordinality as given(preference, turn)
        inner join (
            values
            (1, '^resolution=(?:merge|ignore)-duplicates$', false),
            (2, '^missing=(?:default|null)$', false),
            (3, '^return=(?:representation|minimal|headers-only)$', false),
            (4, '^count=exact$', true),
            (5, '^tx=(?:commit|rollback)$', true),
            (6, '^handling=(?:strict|lenient)$', true),
            (7, '^timezone=', true)
        ) as kinds(place, form, is_for_functions)
            on btrim(given.preference, E' \t') ~ kinds.form
        where kinds.is_for_functions or not applied_preferences.is_function
        order by kinds.place, given.turn
    ) as first
    where first.place < 7 or first.preference = 'timezone=' || current_setting('TimeZone');
$$;

comment on function authz.applied_preferences(boolean) is
$$Preferences that PostgREST applies to a POST

In the order of Preference-Applied. To a call of a function it applies fewer than to a row.$$;

revoke all on function authz.applied_preferences(boolean) from public;
grant execute on function authz.applied_preferences(boolean) to claims_reader;
