-- Create the missing locations of a pathogen's public sequences. A name that locations do not
-- accept, and what is below it, is left out; so is a sequence without region or country.
with published as materialized (
    select distinct
        sequences.region,
        sequences.country,
        sequences.division,
        sequences.location
    from aspen.public_sequences as sequences
    where sequences.pathogen_id = %(pathogen_id)s
),

cut as (
    select
        published.region,
        published.country,
        case when internal.is_name(published.division) then published.division end as division,
        case
            when internal.is_name(published.division) and internal.is_name(published.location)
                then published.location
        end as location
    from published
    where internal.is_name(published.region) and internal.is_name(published.country)
)

select
    internal.create_locations(
        array_agg(cut.region), array_agg(cut.country),
        array_agg(cut.division), array_agg(cut.location)
    ) as created
from cut;
