-- Returns api."*/*" and not text/html, so that a browser, curl and a client that asks for anything
-- get the same page.
create or replace function api.overview(
    group_id bigint default null,
    pathogen text default null,
    weeks integer default 26,
    collected_to text default null
)
returns api."*/*"
language sql
stable
security invoker
set statement_timeout = '15s'
begin atomic
    select authz.require_member(overview.group_id, 'You may not see this group', 'any')
    where overview.group_id is not null;

    select
        authz.fail(
            400, 'unknown_pathogen', 'There is no such pathogen',
            json_build_object('pathogen', left(overview.pathogen, 200))::text,
            'Use the slug of one of pathogens.'
        )
    where
        overview.pathogen is not null
        and not exists (
            select from aspen.pathogens as pathogens
            where pathogens.slug = internal.trimmed(overview.pathogen)
        );

    select
        authz.fail(
            400, 'invalid_argument', 'weeks must be a number from 1 to 104',
            json_build_object('weeks', overview.weeks)::text
        )
    where overview.weeks is null or overview.weeks not between 1 and 104;

    select
        authz.fail(
            400, 'invalid_argument', 'collected_to must be a day, YYYY-MM-DD, from 1900 on',
            json_build_object('collected_to', left(overview.collected_to, 200))::text
        )
    where
        overview.collected_to is not null
        and coalesce(
            internal.parse_date(internal.trimmed(overview.collected_to)) < '1900-01-01', true
        );

    select
        internal.add_headers(
            jsonb_build_array(
                jsonb_build_object('Content-Type', 'text/html; charset=utf-8'),
                jsonb_build_object('Content-Security-Policy', internal.overview_policy())
            )
        );

    select
        internal.overview_page(
            case
                when overview.group_id is null then authz.any_groups()
                else array[overview.group_id]
            end,
            coalesce(
                (
                    select
                        case
                            when count(named.entry) > 4 then count(named.entry) || ' groups'
                            else string_agg(named.entry ->> 'name', ', ' order by named.number)
                        end
                    from
                        jsonb_array_elements(authz.caller_groups())
                        with ordinality as named (entry, number)
                    where
                        overview.group_id is null
                        or (named.entry ->> 'id')::bigint = overview.group_id
                ),
                'the platform'
            ),
            (
                select pathogens.id
                from aspen.pathogens as pathogens
                where pathogens.slug = internal.trimmed(overview.pathogen)
            ),
            overview.weeks,
            coalesce(
                internal.parse_date(internal.trimmed(overview.collected_to)),
                (now() at time zone 'UTC')::date
            )
        );
end;

comment on function api.overview(bigint, text, integer, text) is
$$A page with charts of what the caller sees, as HTML

Samples per week by lineage, days from collection to upload, outcomes and times of jobs, storage by kind, and
the queue. One page without scripts, for browsers and screen readers, light, dark and print; behind each
chart is a table with its numbers. It counts what row-level security shows the caller: viewers miss
private samples and genomes, operators see the jobs of the platform. group_id: one of the groups that you
see; all of them by default. pathogen: slug; all by default. weeks: 1 to 104, 26 by default; of samples,
those up to collected_to (a day YYYY-MM-DD; today by default), of jobs, those up to now. Errors: 400
invalid_argument, 400 unknown_pathogen, 403 group_access_denied.$$;

revoke all on function api.overview(bigint, text, integer, text) from public;
grant execute on function api.overview(bigint, text, integer, text) to member;
