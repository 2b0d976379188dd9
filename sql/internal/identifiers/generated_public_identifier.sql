-- Makes an identifier and matches none: internal.prefix_pattern has the rule of prefixes, by which
-- look-ups find what this makes with and without its prefix.
-- plpgsql, because every statement that calls a function in SQL plans it again: once a row where
-- samples are stored one by one.
create or replace function internal.generated_public_identifier(
    sample_id bigint,
    group_id bigint,
    pathogen_id bigint,
    location_id bigint
)
returns text
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
#variable_conflict use_column
begin
    return (
        -- The country takes what is left of 128 characters, and a name does not begin like a formula.
        select ltrim(
            concat_ws(
                '/',
                parts.prefix,
                left(
                    parts.country, 127 - length(concat_ws('/', parts.prefix, parts.ending))
                ),
                parts.ending
            ),
            '-'
        )
        from (
            select
                nullif(regexp_replace(pathogen_repositories.prefix, '[^a-zA-Z0-9._/-]', '', 'g'), '')
                    as prefix,
                nullif(regexp_replace(coalesce(locations.country, locations.region),
                    '[^a-zA-Z0-9._/-]', '', 'g'), '') as country,
                regexp_replace(groups.prefix, '[^a-zA-Z0-9._/-]', '', 'g')
                || '-' || generated_public_identifier.sample_id
                || '/' || extract(year from current_date) as ending
            from aspen.groups as groups
            left join aspen.pathogens as pathogens
                on pathogens.id = generated_public_identifier.pathogen_id
            left join aspen.pathogen_repositories as pathogen_repositories
                on pathogen_repositories.pathogen_id = pathogens.id
                and pathogen_repositories.public_repository_id = pathogens.default_repository_id
            left join aspen.locations as locations
                on locations.id = generated_public_identifier.location_id
            where groups.id = generated_public_identifier.group_id
        ) as parts
    );
end
$$;

comment on function internal.generated_public_identifier(bigint, bigint, bigint, bigint) is
$$The public identifier of a sample that was given none

{repository prefix}/{country}/{group prefix}-{sample id}/{current year}, each part reduced to A-Z
a-z 0-9 . _ / -, and the country shortened if the whole has more than 128 characters.$$;

revoke all on function internal.generated_public_identifier(
    bigint, bigint, bigint,
    bigint
) from public;
grant execute on function internal.generated_public_identifier(
    bigint, bigint, bigint,
    bigint
) to api_writer;
