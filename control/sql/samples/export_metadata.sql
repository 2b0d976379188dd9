-- Return the chosen samples of a group as rows that an import reads, each with its sequencing and
-- its accessions. {schema} is api, where row-level security and masks decide what is seen, or
-- aspen. How a flag and a list are written depends on the format.
select
    samples.public_identifier as strain,
    samples.private_identifier,
    samples.collection_date as date,
    locations.region,
    locations.country,
    locations.division,
    locations.location,
    {is_private} as is_private,
    samples.restricted_until,
    samples.sample_collected_by,
    samples.sample_collector_contact_email,
    samples.sample_collector_contact_address,
    {authors} as authors,
    samples.organism,
    samples.host,
    samples.purpose_of_sampling,
    samples.specimen_processing,
    sequences.sequencing_date,
    sequences.sequencing_depth,
    (
        select accessions.accession
        from {schema}.accessions as accessions
        inner join {schema}.public_repositories as repositories
            on accessions.public_repository_id = repositories.id
        where
            accessions.group_id = samples.group_id and accessions.sample_id = samples.id
            and repositories.name = 'GenBank'
    ) as genbank_accession,
    (
        select accessions.accession
        from {schema}.accessions as accessions
        inner join {schema}.public_repositories as repositories
            on accessions.public_repository_id = repositories.id
        where
            accessions.group_id = samples.group_id and accessions.sample_id = samples.id
            and repositories.name = 'GISAID'
    ) as gisaid_epi_isl
from {schema}.samples as samples
inner join {schema}.locations as locations
    on samples.location_id = locations.id
left join {schema}.sequences as sequences
    on samples.group_id = sequences.group_id and samples.id = sequences.sample_id
where {filter}
order by samples.id
