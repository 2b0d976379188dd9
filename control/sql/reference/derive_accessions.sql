-- Store the accessions that a repository published for samples of a pathogen, found by the public
-- identifier with or without a prefix. A different accession replaces the earlier one; none is
-- removed.
with rule as materialized (
    select
        internal.prefix_pattern(%(pathogen_id)s) as pattern,
        (
            select repositories.prefix
            from aspen.pathogen_repositories as repositories
            where
                repositories.pathogen_id = %(pathogen_id)s
                and repositories.public_repository_id = %(public_repository_id)s
        ) as prefix
),

bare as materialized (
    select
        samples.group_id,
        samples.id,
        samples.disclosed_at,
        internal.without_prefix(samples.public_identifier, rule.pattern) as name,
        rule.prefix
    from aspen.samples as samples
    cross join rule
    where samples.pathogen_id = %(pathogen_id)s
),

spelt as materialized (
    select
        bare.*,
        bare.name as spelling
    from bare
    union all
    select
        bare.*,
        bare.prefix || '/' || bare.name as spelling
    from bare
    where bare.prefix is not null
),

-- A strain may be published under both spellings; the one without prefix counts.
found as (
    select distinct on (spelt.group_id, spelt.id)
        spelt.group_id,
        spelt.id,
        spelt.disclosed_at,
        published.accession
    from spelt
    inner join aspen.public_sequences as published
        on
            published.pathogen_id = %(pathogen_id)s
            and published.public_repository_id = %(public_repository_id)s
            and spelt.spelling = published.strain
    where internal.is_name(published.accession) and char_length(published.accession) <= 128
    order by spelt.group_id, spelt.id, spelt.spelling = spelt.name desc
)

insert into aspen.accessions (group_id, sample_id, disclosed_at, public_repository_id, accession)
select
    found.group_id,
    found.id,
    found.disclosed_at,
    %(public_repository_id)s as public_repository_id,
    found.accession
from found
order by found.group_id, found.id
on conflict (group_id, sample_id, public_repository_id) do update
    set accession = excluded.accession
    where accessions.accession <> excluded.accession;
