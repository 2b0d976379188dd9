grant select on aspen.public_repositories to member, api_writer;
grant insert (name), update (name), delete on aspen.public_repositories to operator;
grant select on aspen.public_repositories to job_runner;

create policy public_repositories_select_member on aspen.public_repositories
for select to member, api_writer
using (true);

comment on policy public_repositories_select_member on aspen.public_repositories is
'Every signed-in user reads reference data';

create policy public_repositories_insert_operator on aspen.public_repositories
for insert to operator
with check (true);

comment on policy public_repositories_insert_operator on aspen.public_repositories is
'Operators keep the reference data';

create policy public_repositories_update_operator on aspen.public_repositories
for update to operator
using (true)
with check (true);

comment on policy public_repositories_update_operator on aspen.public_repositories is
'Operators keep the reference data';

create policy public_repositories_delete_operator on aspen.public_repositories
for delete to operator
using (true);

comment on policy public_repositories_delete_operator on aspen.public_repositories is
'Operators keep the reference data; rows in use stay by foreign keys';

create policy public_repositories_select_job_runner on aspen.public_repositories
for select to job_runner
using (true);

comment on policy public_repositories_select_job_runner on aspen.public_repositories is
'Reference data';
