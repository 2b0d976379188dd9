-- NOTE: the control plane writes problems. A strain may be a private identifier, which viewers do not
-- see.

grant select on aspen.import_problems to member;

create policy import_problems_select_group on aspen.import_problems
for select to member
using (group_id = any(authz.full_groups()));

comment on policy import_problems_select_group on aspen.import_problems is
'Problems of imports are for members and admins, direct or granted';
