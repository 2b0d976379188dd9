create or replace view api.lineage_aliases
with (security_invoker = true)
as
select
    lineage_aliases.id,
    lineage_aliases.pathogen_id,
    lineage_aliases.alias,
    lineage_aliases.patterns
from aspen.lineage_aliases as lineage_aliases;

comment on view api.lineage_aliases is $$Names that stand for several lineages in filters

Names of the WHO, such as Delta, and wildcards labelled with a clade, such as BA.1* / 21K.
expand_lineages replaces an alias by its lineages. Every signed-in user reads them; operators write
them. Errors: 400 invalid_value, 400 23514 if a value breaks the rule of its column; 409 23503 if the
pathogen does not exist, 409 23505 if it has the alias.$$;

comment on column api.lineage_aliases.id is 'Identifier of the row';
comment on column api.lineage_aliases.pathogen_id is 'Pathogen; see pathogens';
comment on column api.lineage_aliases.alias is
'Name, 1 to 128 characters, unique for its pathogen: Omicron';
comment on column api.lineage_aliases.patterns is $$What the alias stands for: lineages and wildcards

1 to 100 of them: ["B.1.617.2*", "AY*"]. BA.1* is BA.1 and every lineage that begins with BA.1.$$;

grant select on api.lineage_aliases to member;
grant insert, update, delete on api.lineage_aliases to operator;
