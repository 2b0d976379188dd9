drop table aspen.invitations;

drop table aspen.group_grants;

drop table aspen.memberships;

drop table aspen.groups;

drop table aspen.users;
