create or replace view api.lineages
with (security_invoker = true)
as
select
    lineages.id,
    lineages.pathogen_id,
    lineages.lineage
from aspen.lineages as lineages;

comment on view api.lineages is $$Known lineages of pathogens

Every signed-in user reads; operators write.$$;

comment on column api.lineages.id is 'Key';
comment on column api.lineages.pathogen_id is 'The pathogen; see pathogens';
comment on column api.lineages.lineage is 'Lineage name, unique per pathogen';

grant select on api.lineages to member;
grant insert, update, delete on api.lineages to operator;
