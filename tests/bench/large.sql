-- 1,000,000 samples in 1,000 groups of very uneven size, or as many millions and thousands as the
-- setting bench.millions says, set by set: run by a superuser into an empty database. Triggers and
-- foreign key checks are off; every row is made to satisfy them.

set session_replication_role = replica;
set synchronous_commit = off;

create temporary table amounts as
select
    1000000 * settings.millions as samples,
    1000 * settings.millions as groups,
    interval '3 minutes' / settings.millions as pause
from (values (current_setting('bench.millions')::integer)) as settings (millions);

insert into aspen.public_repositories (id, name)
values (1, 'GISAID'), (2, 'GenBank');

insert into aspen.pathogens (id, slug, name, organism, default_repository_id, contextual_repository_id)
values (1, 'SC2', 'SARS-CoV-2', 'Severe acute respiratory syndrome coronavirus 2', 1, 2);

insert into aspen.pathogen_repositories (pathogen_id, public_repository_id, prefix)
values (1, 1, 'hCoV-19'), (1, 2, 'SARS-CoV-2/human');

insert into aspen.reference_datasets (id, name, accession, tag)
values (1, 'SARS-CoV-2', 'MN908947', '2026-06-01--12-00-00Z');

-- 60 countries, ten divisions in each, four places in each of those: ids 1 to 3060.
insert into aspen.locations (id, region, country, division, location, latitude, longitude)
select
    places.n,
    (array['Africa', 'Asia', 'Europe', 'North America', 'Oceania', 'South America'])[1 + places.n % 6],
    'Country ' || places.n % 60,
    case when places.n > 60 then 'Division ' || places.n % 600 end,
    case when places.n > 660 then 'Location ' || places.n end,
    places.n % 180 - 90,
    places.n % 360 - 180
from generate_series(1, 3060) as places (n);

insert into aspen.groups (id, name, prefix, default_tree_location_id)
select numbers.n, 'Public health group ' || numbers.n, 'BENCH-' || numbers.n, 1 + numbers.n % 3000
from amounts
cross join lateral generate_series(1, amounts.groups) as numbers (n);

insert into aspen.users (id, subject, name, email)
select numbers.n, 'bench|' || numbers.n, 'User ' || numbers.n, 'user' || numbers.n || '@example.org'
from amounts
cross join lateral generate_series(1, amounts.groups) as numbers (n);

insert into aspen.memberships (group_id, user_id, role)
select numbers.n, numbers.n, 'member'
from amounts
cross join lateral generate_series(1, amounts.groups) as numbers (n);

-- Group 7 sees the largest group as a viewer.
insert into aspen.group_grants (group_id, grantee_group_id, role)
values (3, 7, 'viewer');

-- Groups 1, 2 and 3 have 10, 800 and 300,000 samples; group 4 has 50,000 and stopped uploading long
-- ago, however many there are in all; the others share the rest, the larger the lower their number.
create temporary table sizes as
select
    numbers.n as group_id,
    case numbers.n
        when 1 then 10
        when 2 then 800
        when 3 then 300000
        when 4 then 50000
        else greatest(10, floor(amounts.samples * 0.12 / numbers.n ^ 1.05))
    end::integer as size
from amounts
cross join lateral generate_series(1, amounts.groups) as numbers (n);

update sizes
set size = sizes.size + amounts.samples - (select sum(others.size) from sizes as others)
from amounts
where sizes.group_id = 5;

-- Ids in the order of upload: everybody uploads all the time, but for group 4.
insert into aspen.samples (
    id, group_id, pathogen_id, uploaded_by_id, location_id, is_private, private_identifier,
    public_identifier, collection_date, sample_collected_by, authors, organism, host,
    purpose_of_sampling, created_at, updated_at
)
select
    uploads.id,
    uploads.group_id,
    1,
    uploads.group_id,
    1 + uploads.id * 7919 % 3000,
    uploads.id % 10 = 0,
    'LAB-' || uploads.group_id || '-' || uploads.id,
    'hCoV-19/Country' || uploads.id % 60 || '/BENCH-' || uploads.group_id || '-' || uploads.id || '/2024',
    date '2020-03-01' + (uploads.id * 2000 / uploads.samples)::integer,
    'Laboratory ' || uploads.group_id,
    array['Curie M', 'Pasteur L'],
    'Severe acute respiratory syndrome coronavirus 2',
    'Homo sapiens',
    case when uploads.id % 3 = 0 then 'Baseline surveillance' end,
    timestamptz '2020-03-01 00:00:00+00' + uploads.id * uploads.pause,
    timestamptz '2020-03-01 00:00:00+00' + uploads.id * uploads.pause
from (
    select
        sizes.group_id,
        amounts.samples,
        amounts.pause,
        row_number() over (
            order by
                abs(hashint8extended(rows.n::bigint * amounts.groups + sizes.group_id, 42) / 9e18)
                / case sizes.group_id when 4 then 4 else 1 end
        ) as id
    from sizes
    cross join amounts
    cross join lateral generate_series(1, sizes.size) as rows (n)
) as uploads;

-- What is embedded exists for every sample a benchmark lists: the newest ones, and those of small groups.
create temporary table listed as
select samples.id, samples.group_id, samples.disclosed_at
from aspen.samples as samples
cross join amounts
where samples.id > amounts.samples - 100000 or samples.group_id in (1, 2);

insert into aspen.sample_lineages (
    group_id, sample_id, disclosed_at, lineage_type, lineage, lineage_software_version,
    lineage_probability, scorpio_call, scorpio_support
)
select
    listed.group_id, listed.id, listed.disclosed_at, 'PANGOLIN', 'BA.2.' || listed.id % 90,
    '4.3.1', 100, 'Omicron (BA.2-like)', 0.97
from listed;

-- raw_output as Nextclade writes it: some seventy columns, the lists of mutations among them.
insert into aspen.sample_qc_metrics (
    group_id, sample_id, disclosed_at, qc_caller, qc_score, qc_status, qc_software_version,
    reference_dataset_id, raw_output
)
select
    listed.group_id, listed.id, listed.disclosed_at, 'NEXTCLADE', listed.id % 40, 'good', '3.8.2', 1,
    jsonb_build_object(
        'seqName', listed.id::text,
        'clade', '21L',
        'Nextclade_pango', 'BA.2.' || listed.id % 90,
        'qc.overallScore', (listed.id % 40)::text,
        'qc.overallStatus', 'good',
        'totalSubstitutions', '37',
        'totalDeletions', '13',
        'totalInsertions', '0',
        'totalMissing', '2',
        'totalNonACGTNs', '2',
        'substitutions', mutations.nucleotides,
        'deletions', '22029-22034,28248-28253,28271',
        'aaSubstitutions', mutations.amino_acids,
        'aaDeletions', 'ORF8:D119-,ORF8:F120-,S:E156-,S:F157-',
        'missing', 'R:21987,R:24410',
        'alignmentScore', '89387',
        'coverage', '0.9986623415710798'
    ) || settings.columns
from listed
cross join lateral (
    select
        string_agg('C' || 241 + sites.n * 790 + listed.id % 700 || 'T', ',') as nucleotides,
        string_agg('ORF1a:T' || 19 + sites.n * 90 + listed.id % 80 || 'I', ',')
        filter (where sites.n <= 30) as amino_acids
    from generate_series(1, 37) as sites (n)
) as mutations
cross join (
    select jsonb_object_agg('qc.metric' || names.n || '.total', names.n::text) as columns
    from generate_series(1, 55) as names (n)
) as settings;

insert into aspen.accessions (group_id, sample_id, disclosed_at, public_repository_id, accession)
select listed.group_id, listed.id, listed.disclosed_at, repositories.id, repositories.prefix || listed.id
from listed
cross join (values (1, 'EPI_ISL_'), (2, 'OQ')) as repositories (id, prefix);

drop table listed;
drop table sizes;
drop table amounts;

do $$
declare
    table_name text;
begin
    foreach table_name in array array['groups', 'users', 'samples', 'locations', 'pathogens'] loop
        execute format(
            'select setval(pg_get_serial_sequence(%1$L, ''id''), (select max(id) from %1$s))',
            'aspen.' || table_name
        );
    end loop;
end
$$;

reset session_replication_role;
reset synchronous_commit;
