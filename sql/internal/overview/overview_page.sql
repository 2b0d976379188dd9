-- A browser ignores frame-ancestors in a meta element and says so, so it is left out there.
create or replace function internal.overview_page(
    groups bigint[],
    title text,
    pathogen_id bigint,
    weeks integer,
    last_day date
)
returns text
language sql
stable
security invoker
begin atomic
    with spans as (
        select
            date_trunc('week', overview_page.last_day)::date - 7 * (overview_page.weeks - 1)
                as first_day,
            date_trunc('week', now() at time zone 'UTC') at time zone 'UTC'
            - make_interval(weeks => overview_page.weeks - 1) as since
    )

    select
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        || '<meta http-equiv="Content-Security-Policy" content="'
        || internal.html_text(
            replace(internal.overview_policy(), '; frame-ancestors ''none''', '')
        )
        || '"><meta name="viewport" content="width=device-width, initial-scale=1">'
        || '<title>Overview: ' || internal.html_text(overview_page.title) || '</title><style>'
        || internal.overview_style()
        || '</style></head><body><main><h1>Overview: <bdi>'
        || internal.html_text(overview_page.title) || '</bdi></h1><p>'
        || coalesce(
            internal.html_text(
                (
                    select pathogens.name
                    from aspen.pathogens as pathogens
                    where pathogens.id = overview_page.pathogen_id
                )
            ),
            'All pathogens'
        )
        || ', ' || overview_page.weeks
        || case when overview_page.weeks = 1 then ' week' else ' weeks' end
        || '. Made on '
        || to_char(now() at time zone 'UTC', 'YYYY-MM-DD "at" HH24:MI "UTC"')
        || '. It counts what you may see.</p>'
        || internal.overview_curve(
            overview_page.groups,
            overview_page.pathogen_id,
            spans.first_day,
            overview_page.last_day
        )
        || internal.overview_delays(
            overview_page.groups,
            overview_page.pathogen_id,
            spans.first_day,
            overview_page.last_day
        )
        || internal.overview_outcomes(
            overview_page.groups, overview_page.pathogen_id, spans.since
        )
        || internal.overview_times(
            overview_page.groups, overview_page.pathogen_id, spans.since
        )
        || internal.overview_storage(overview_page.groups)
        || internal.overview_queue(overview_page.groups)
        || '</main></body></html>'
    from spans;
end;

comment on function internal.overview_page(bigint[], text, bigint, integer, date) is
$$The overview of groups as one page of HTML

For api.overview and control report. title: names the groups. pathogen_id: null for all. weeks: of the charts. last_day: of collection.$$;

revoke all on function internal.overview_page(bigint[], text, bigint, integer, date) from public;
grant execute on function internal.overview_page(
    bigint[], text, bigint, integer, date
) to member;
