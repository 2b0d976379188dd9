-- NOTE: nothing is granted: no resource of the API shows this table.

create policy share_links_select_group on aspen.share_links
for select to member
using (group_id = any(authz.full_groups()));

comment on policy share_links_select_group on aspen.share_links is
'Links are listed to members and admins, direct or granted';
