drop table aspen.group_sizes;
