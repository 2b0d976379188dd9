grant select on aspen.pathogen_repositories to member, api_writer;
grant insert (pathogen_id, public_repository_id, prefix) on aspen.pathogen_repositories to operator;
grant update (pathogen_id, public_repository_id, prefix) on aspen.pathogen_repositories to operator;
grant delete on aspen.pathogen_repositories to operator;

create policy pathogen_repositories_select_member on aspen.pathogen_repositories
for select to member, api_writer
using (true);

comment on policy pathogen_repositories_select_member on aspen.pathogen_repositories is
'Every signed-in user reads reference data';

create policy pathogen_repositories_insert_operator on aspen.pathogen_repositories
for insert to operator
with check (true);

comment on policy pathogen_repositories_insert_operator on aspen.pathogen_repositories is
'Operators keep the reference data';

create policy pathogen_repositories_update_operator on aspen.pathogen_repositories
for update to operator
using (true)
with check (true);

comment on policy pathogen_repositories_update_operator on aspen.pathogen_repositories is
'Operators keep the reference data';

create policy pathogen_repositories_delete_operator on aspen.pathogen_repositories
for delete to operator
using (true);

comment on policy pathogen_repositories_delete_operator on aspen.pathogen_repositories is
'Operators keep the reference data; rows in use stay by foreign keys';
