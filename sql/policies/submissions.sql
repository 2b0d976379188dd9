-- NOTE: no write is granted: the control plane records what operators sent.

grant select on aspen.submissions to member;

create policy submissions_select_group on aspen.submissions
for select to member
using (group_id = any(authz.full_groups()));

comment on policy submissions_select_group on aspen.submissions is
'Private samples may be in them: for members and admins only';
