-- No authz.sought_amount reads filters: the other spellings that double precision accepts match no
-- row.
create domain aspen.amount as double precision;

comment on domain aspen.amount is 'A number, written like 30, 0.5 or 1e-05';
