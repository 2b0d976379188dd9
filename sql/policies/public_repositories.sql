alter table aspen.public_repositories enable row level security;

alter table aspen.public_repositories force row level security;

grant select on aspen.public_repositories to member, api_writer;
grant insert (name), update (name), delete on aspen.public_repositories to operator;

drop policy if exists public_repositories_select_member on aspen.public_repositories;

create policy public_repositories_select_member on aspen.public_repositories
for select
to member, api_writer
using (true);

comment on policy public_repositories_select_member on aspen.public_repositories is
'Every signed-in user reads reference data';

drop policy if exists public_repositories_insert_operator on aspen.public_repositories;

create policy public_repositories_insert_operator on aspen.public_repositories
for insert
to operator
with check (true);

comment on policy public_repositories_insert_operator on aspen.public_repositories is
'Operators keep the reference data';

drop policy if exists public_repositories_update_operator on aspen.public_repositories;

create policy public_repositories_update_operator on aspen.public_repositories
for update
to operator
using (true)
with check (true);

comment on policy public_repositories_update_operator on aspen.public_repositories is
'Operators keep the reference data';

drop policy if exists public_repositories_delete_operator on aspen.public_repositories;

create policy public_repositories_delete_operator on aspen.public_repositories
for delete
to operator
using (true);

comment on policy public_repositories_delete_operator on aspen.public_repositories is
'Operators keep the reference data; rows in use stay by foreign keys';

create or replace trigger public_repositories_check_values
before insert or update on aspen.public_repositories
for each row
execute function internal.check_values('name');

create or replace trigger public_repositories_raise_problems
after insert or update on aspen.public_repositories
for each statement
execute function internal.raise_problems();

create or replace trigger public_repositories_refuse_noted_values
after insert or update on aspen.public_repositories
for each statement
execute function internal.refuse_noted_values();
