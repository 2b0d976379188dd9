drop table aspen.group_limits;
