grant select on aspen.usher_options to member;
grant insert (pathogen_id, description, value, priority) on aspen.usher_options to operator;
grant update (pathogen_id, description, value, priority) on aspen.usher_options to operator;
grant delete on aspen.usher_options to operator;

create policy usher_options_select_member on aspen.usher_options
for select to member
using (true);

comment on policy usher_options_select_member on aspen.usher_options is
'Every signed-in user reads reference data';

create policy usher_options_insert_operator on aspen.usher_options
for insert to operator
with check (true);

comment on policy usher_options_insert_operator on aspen.usher_options is
'Operators keep the reference data';

create policy usher_options_update_operator on aspen.usher_options
for update to operator
using (true)
with check (true);

comment on policy usher_options_update_operator on aspen.usher_options is
'Operators keep the reference data';

create policy usher_options_delete_operator on aspen.usher_options
for delete to operator
using (true);

comment on policy usher_options_delete_operator on aspen.usher_options is
'Operators keep the reference data; rows in use stay by foreign keys';
