-- Add the initial pathogens with their repositories and strain-name prefixes. Existing rows stay
-- unchanged, because operators may have edited them.
insert into aspen.public_repositories (name)
values ('GISAID'), ('GenBank')
on conflict (name) do nothing;

insert into aspen.pathogens (
    slug, name, organism, default_repository_id, contextual_repository_id, lineage_caller,
    nextclade_dataset_name, has_lineage_filter, has_usher, host
)
select
    given.slug,
    given.name,
    given.organism,
    default_repositories.id,
    contextual_repositories.id as contextual_repository_id,
    given.lineage_caller,
    given.nextclade_dataset_name,
    given.has_lineage_filter,
    given.has_usher,
    'Homo sapiens' as host
from (
    values
    (
        'SC2',
        'SARS-CoV-2',
        'Severe acute respiratory syndrome coronavirus 2',
        'GISAID',
        'PANGOLIN',
        'sars-cov-2', true, true
    ),
    ('MPX', 'Monkeypox', 'Monkeypox virus', 'GenBank', 'NEXTCLADE', 'hMPXV', false, false),
    ('HCV', 'Hepatitis C', 'Hepatitis C virus', 'GenBank', null, null, false, false)
)
    as given (
        slug,
        name,
        organism,
        default_repository,
        lineage_caller,
        nextclade_dataset_name,
        has_lineage_filter,
        has_usher
    )
inner join aspen.public_repositories as default_repositories
    on given.default_repository = default_repositories.name
inner join aspen.public_repositories as contextual_repositories
    on contextual_repositories.name = 'GenBank'
on conflict do nothing;

insert into aspen.pathogen_repositories (pathogen_id, public_repository_id, prefix)
select
    pathogens.id,
    repositories.id as public_repository_id,
    given.prefix
from (
    values
    ('SC2', 'GISAID', 'hCoV-19'),
    ('SC2', 'GenBank', 'SARS-CoV-2/human'),
    ('MPX', 'GenBank', 'MPXV'),
    ('HCV', 'GenBank', 'hcv')
) as given (slug, repository, prefix)
inner join aspen.pathogens as pathogens
    on given.slug = pathogens.slug
inner join aspen.public_repositories as repositories
    on given.repository = repositories.name
on conflict (pathogen_id, public_repository_id) do nothing;

-- Names of the WHO, and wildcards labelled with the clade of Nextstrain.
insert into aspen.lineage_aliases (pathogen_id, alias, patterns)
select
    pathogens.id,
    given.alias,
    string_to_array(given.patterns, ' ') as patterns
from (
    values
    ('SC2', 'Alpha', 'B.1.1.7* Q*'),
    ('SC2', 'Beta', 'B.1.351*'),
    ('SC2', 'Gamma', 'P.1*'),
    ('SC2', 'Delta', 'B.1.617.2* AY*'),
    ('SC2', 'Epsilon', 'B.1.427* B.1.429*'),
    ('SC2', 'Eta', 'B.1.525*'),
    ('SC2', 'Iota', 'B.1.526*'),
    ('SC2', 'Kappa', 'B.1.617.1*'),
    ('SC2', 'Lambda', 'C.37*'),
    ('SC2', 'Mu', 'B.1.621*'),
    ('SC2', 'Omicron', 'B.1.1.529* BA*'),
    ('SC2', 'BA.1* / 21K', 'BA.1*'),
    ('SC2', 'BA.2* / 21L', 'BA.2*'),
    ('SC2', 'BA.4* / 22A', 'BA.4*'),
    ('SC2', 'BA.5* / 22B', 'BA.5*')
) as given (slug, alias, patterns)
inner join aspen.pathogens as pathogens
    on given.slug = pathogens.slug
on conflict (pathogen_id, alias) do nothing;
