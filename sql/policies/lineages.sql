alter table aspen.lineages enable row level security;

alter table aspen.lineages force row level security;

grant select on aspen.lineages to member;
grant insert (pathogen_id, lineage), update (pathogen_id, lineage),
delete on aspen.lineages to operator;

drop policy if exists lineages_select_member on aspen.lineages;

create policy lineages_select_member on aspen.lineages
for select
to member
using (true);

comment on policy lineages_select_member on aspen.lineages is
'Every signed-in user reads reference data';

drop policy if exists lineages_insert_operator on aspen.lineages;

create policy lineages_insert_operator on aspen.lineages
for insert
to operator
with check (true);

comment on policy lineages_insert_operator on aspen.lineages is
'Operators keep the reference data';

drop policy if exists lineages_update_operator on aspen.lineages;

create policy lineages_update_operator on aspen.lineages
for update
to operator
using (true)
with check (true);

comment on policy lineages_update_operator on aspen.lineages is
'Operators keep the reference data';

drop policy if exists lineages_delete_operator on aspen.lineages;

create policy lineages_delete_operator on aspen.lineages
for delete
to operator
using (true);

comment on policy lineages_delete_operator on aspen.lineages is
'Operators keep the reference data; rows in use stay by foreign keys';

create or replace trigger lineages_check_values
before insert or update on aspen.lineages
for each row
execute function internal.check_values('lineage');

create or replace trigger lineages_raise_problems
after insert or update on aspen.lineages
for each statement
execute function internal.raise_problems();

create or replace trigger lineages_refuse_noted_values
after insert or update on aspen.lineages
for each statement
execute function internal.refuse_noted_values();
