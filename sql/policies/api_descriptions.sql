grant select on aspen.api_descriptions to anon, member, operator, job;

create policy api_descriptions_select_own on aspen.api_descriptions
for select to anon, member, operator, job
using (role_name = current_user);

comment on policy api_descriptions_select_own on aspen.api_descriptions is
'To answer with what is kept for the role of the caller';
