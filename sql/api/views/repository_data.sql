-- Where the files are is for operators, who read the outputs of the job.
create or replace view api.repository_data
with (security_invoker = true)
as
select
    repository_data.id,
    repository_data.pathogen_id,
    repository_data.public_repository_id,
    repository_data.stage,
    (
        not exists (
            select
            from aspen.repository_data as newer
            where
                newer.pathogen_id = repository_data.pathogen_id
                and newer.public_repository_id = repository_data.public_repository_id
                and newer.stage = repository_data.stage
                and newer.id > repository_data.id
        )
    )::aspen.flag as is_latest,
    repository_data.source_id,
    repository_data.job_id,
    repository_data.created_at
from aspen.repository_data as repository_data;

comment on view api.repository_data is $$Data sets of public repositories

The platform downloads what a repository publishes of a pathogen (raw), brings it into one form
(processed) and aligns it (aligned). A phylogenetic run takes its context from the latest aligned one of
the contextual repository of its pathogen. Every signed-in user reads them; nothing is written here. The
files are outputs of the job, for operators.$$;

comment on column api.repository_data.id is 'Identifier of the row';
comment on column api.repository_data.pathogen_id is 'Pathogen; see pathogens';
comment on column api.repository_data.public_repository_id is 'Repository; see public_repositories';
comment on column api.repository_data.stage is 'raw, processed or aligned';
comment on column api.repository_data.is_latest is
'Whether it is the newest of its pathogen, repository and stage';
comment on column api.repository_data.source_id is
'Data set that it was made from; null if that is not known';
comment on column api.repository_data.job_id is
'Job of the platform that made or registered it; see jobs, for operators';
comment on column api.repository_data.created_at is 'When it was registered';

grant select on api.repository_data to member;
