-- Codes that follow a status after the word "Errors" of a comment. Those of PostgreSQL and
-- PostgREST may come as well, so the list is open. Like the other sets of one row here, the planner
-- inlines it: an API description is one plan, which is kept.
create or replace function internal.comment_errors(comment text)
returns table (responses jsonb)
language sql
stable
security invoker
rows 1
begin atomic
    select
        pg_catalog.jsonb_object_agg(
            codes.status,
            pg_catalog.jsonb_build_object(
                'description', codes.names,
                'content',
                '{"application/json": {"schema": {"$ref": "#/components/schemas/error"}}}'
                ::jsonb,
                'x-codes', codes.codes
            )
        )
    from (
        select
            statuses.status,
            pg_catalog.jsonb_agg(distinct statuses.code) as codes,
            pg_catalog.string_agg(distinct statuses.code, ', ') as names
        from (
            select
                tokens.code,
                pg_catalog.max(tokens.status)
                    over (partition by tokens.section) as status
            from (
                select
                    tokens.found[1] as status,
                    tokens.found[2] as code,
                    pg_catalog.count(tokens.found[1])
                        over (order by tokens.place) as section
                from
                    pg_catalog.regexp_matches(
                        pg_catalog.substr(
                            comment_errors.comment,
                            nullif(pg_catalog.strpos(comment_errors.comment, 'Errors'), 0)
                        ),
                        '\m([45][0-9][0-9])\M'
                        || '|\m([a-z]+(?:_[a-z]+)+|[0-9][0-9A-Z]{4}|PGRST[0-9]+)\M',
                        'g'
                    ) with ordinality as tokens (found, place)
            ) as tokens
        ) as statuses
        where statuses.code is not null and statuses.status is not null
        group by statuses.status
    ) as codes;
end;

comment on function internal.comment_errors(text) is
'Errors that a comment names, as OpenAPI responses by status';

revoke all on function internal.comment_errors(text) from public;
grant execute on function internal.comment_errors(text) to anon, member, operator, job;
