-- Without a function for filters: what double precision takes besides finds nothing.
create domain aspen.amount as double precision;

comment on domain aspen.amount is 'A number, written like 30, 0.5 or 1e-05';
