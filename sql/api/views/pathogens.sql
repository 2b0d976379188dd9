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
    pathogens.has_usher,
    pathogens.host
from aspen.pathogens as pathogens;

alter view api.pathogens alter column has_lineage_filter set default false;

alter view api.pathogens alter column has_usher set default false;

comment on view api.pathogens is $$Pathogens and their settings

Every signed-in user reads them; operators write them. One that other rows refer to is not deleted.
Errors: 400 invalid_value, 400 23514 if a value breaks the rule of its column, 400 23001 or 409 23503 if
other rows refer to it; 409 23505 if slug or name is taken.$$;

comment on column api.pathogens.id is 'Identifier of the row';
comment on column api.pathogens.slug is $$Short name used in requests: SC2, MPX

1 to 32 of A-Z a-z 0-9 _ -, beginning with a letter or digit; unique.$$;
comment on column api.pathogens.name is 'Name, 1 to 128 characters, unique';
comment on column api.pathogens.organism is 'Scientific name, used for samples that state none';
comment on column api.pathogens.default_repository_id is
$$Repository whose naming generated public identifiers follow

See public_repositories; null for none.$$;
comment on column api.pathogens.contextual_repository_id is
$$Repository from which phylo runs take context sequences

See public_repositories; null for none.$$;
comment on column api.pathogens.lineage_caller is $$Job that assigns lineages: PANGOLIN or NEXTCLADE

Null if none does.$$;
comment on column api.pathogens.nextclade_dataset_name is
$$Nextclade dataset for quality control and phylo runs

Null if the pathogen has neither.$$;
comment on column api.pathogens.has_lineage_filter is
'Whether phylo runs can be filtered by lineage';
comment on column api.pathogens.has_usher is 'Whether UShER can place sequences';
comment on column api.pathogens.host is $$Host of new samples that state none: Homo sapiens

Null where none is assumed.$$;

grant select on api.pathogens to member;
grant insert, update, delete on api.pathogens to operator;
