-- Find the metadata of the newest data set of a pathogen and repository. A processed one is more
-- complete than an aligned one, which may lack what could not be aligned.
select
    data_sets.bucket,
    data_sets.metadata_key,
    pathogens.slug,
    repositories.name
from aspen.repository_data as data_sets
inner join aspen.pathogens as pathogens
    on data_sets.pathogen_id = pathogens.id
inner join aspen.public_repositories as repositories
    on data_sets.public_repository_id = repositories.id
where
    pathogens.id = %(pathogen_id)s
    and repositories.id = %(public_repository_id)s
    and data_sets.stage <> 'raw'
order by data_sets.stage = 'processed' desc, data_sets.id desc
limit 1;
