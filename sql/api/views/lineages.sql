create or replace view api.lineages
with (security_invoker = true)
as
select
    lineages.id,
    lineages.pathogen_id,
    lineages.lineage
from aspen.lineages as lineages;

comment on view api.lineages is $$Known lineages of pathogens

lineage_filters lists them together with wildcards and aliases. Every signed-in user reads them;
operators write them. Errors: 400 invalid_value, 400 23514 if the name
breaks its rule; 409 23503 if the pathogen does not exist, 409 23505 if the lineage exists.$$;

comment on column api.lineages.id is 'Identifier of the row';
comment on column api.lineages.pathogen_id is 'Pathogen; see pathogens';
comment on column api.lineages.lineage is 'Name of the lineage, unique for its pathogen: BA.2.86';

grant select on api.lineages to member;
grant insert, update, delete on api.lineages to operator;
