create or replace view api.pathogens
with (security_invoker = true)
as
select
    pathogens.id,
    pathogens.slug,
    pathogens.name,
    pathogens.organism,
    pathogens.default_repository_id,
    pathogens.contextual_repository_id,
    pathogens.lineage_caller,
    pathogens.nextclade_dataset_name,
    pathogens.has_lineage_filter,
    pathogens.has_usher
from aspen.pathogens as pathogens;

alter view api.pathogens alter column has_lineage_filter set default false;

alter view api.pathogens alter column has_usher set default false;

comment on view api.pathogens is $$Pathogens and their settings

Every signed-in user reads; operators write.$$;

comment on column api.pathogens.id is 'Key';
comment on column api.pathogens.slug is 'Short name used in requests: SC2, MPX; up to 32 of A-Z a-z 0-9 _ -';
comment on column api.pathogens.name is 'Name, unique';
comment on column api.pathogens.organism is 'Scientific name, given to samples that state none';
comment on column api.pathogens.default_repository_id is
'The repository public identifiers are spelt for; null for none';
comment on column api.pathogens.contextual_repository_id is
'The repository phylo runs draw context from; null for none';
comment on column api.pathogens.lineage_caller is
'PANGOLIN or NEXTCLADE: which job names lineages; null for none';
comment on column api.pathogens.nextclade_dataset_name is 'Nextclade dataset for QC and runs; null: neither';
comment on column api.pathogens.has_lineage_filter is 'Whether phylo runs can be filtered by lineage';
comment on column api.pathogens.has_usher is 'Whether sequences can be placed with UShER';

grant select on api.pathogens to member;
grant insert, update, delete on api.pathogens to operator;
