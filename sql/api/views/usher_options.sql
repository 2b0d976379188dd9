create or replace view api.usher_options
with (security_invoker = true)
as
select
    usher_options.id,
    usher_options.pathogen_id,
    usher_options.description,
    usher_options.value,
    usher_options.priority
from aspen.usher_options as usher_options;

comment on view api.usher_options is $$Reference trees on which UShER can place sequences

Show them in the order of priority: order=priority. Every signed-in user reads them; operators write
them. Errors: 400 invalid_value, 400 23514 if a value breaks the rule of its column; 409 23503 if
the pathogen does not exist, 409 23505 if description or value is taken, or the pathogen has an option of the same
priority.$$;

comment on column api.usher_options.id is 'Identifier of the row';
comment on column api.usher_options.pathogen_id is 'Pathogen; see pathogens';
comment on column api.usher_options.description is
'What people choose by, unique: hCoV-19/Wuhan/Hu-1/2019, GISAID';
comment on column api.usher_options.value is 'What UShER calls the tree, unique: hgPhyloPlace db';
comment on column api.usher_options.priority is
'Place in the list, from 1, unique for the pathogen; null for the end';

grant select on api.usher_options to member;
grant insert, update, delete on api.usher_options to operator;
