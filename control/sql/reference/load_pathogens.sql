-- Add the initial pathogens with their repositories and strain-name prefixes. Existing rows stay
-- unchanged, because operators may have edited them.
insert into aspen.public_repositories (name)
values ('GISAID'), ('GenBank')
on conflict (name) do nothing;

insert into aspen.pathogens (
    slug, name, organism, default_repository_id, contextual_repository_id, lineage_caller,
    nextclade_dataset_name, has_lineage_filter, has_usher
)
select
    given.slug,
    given.name,
    given.organism,
    default_repositories.id,
    contextual_repositories.id,
    given.lineage_caller,
    given.nextclade_dataset_name,
    given.has_lineage_filter,
    given.has_usher
from (
    values
    (
        'SC2', 'SARS-CoV-2', 'Severe acute respiratory syndrome coronavirus 2', 'GISAID', 'PANGOLIN',
        'sars-cov-2', true, true
    ),
    ('MPX', 'Monkeypox', 'Monkeypox virus', 'GenBank', 'NEXTCLADE', 'hMPXV', false, false),
    ('HCV', 'Hepatitis C', 'Hepatitis C virus', 'GenBank', null, null, false, false)
) as given (
    slug, name, organism, default_repository, lineage_caller, nextclade_dataset_name, has_lineage_filter, has_usher
)
inner join aspen.public_repositories as default_repositories
    on given.default_repository = default_repositories.name
inner join aspen.public_repositories as contextual_repositories
    on contextual_repositories.name = 'GenBank'
on conflict do nothing;

insert into aspen.pathogen_repositories (pathogen_id, public_repository_id, prefix)
select pathogens.id, repositories.id, given.prefix
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
