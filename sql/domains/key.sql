-- No authz.sought_key reads filters: bigint itself accepts nothing but integers.
create domain aspen.key as bigint;

comment on domain aspen.key is 'The id of a row, written as an integer';
