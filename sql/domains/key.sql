-- Without a function for filters: what bigint takes is an integer anyway.
create domain aspen.key as bigint;

comment on domain aspen.key is 'The id of a row, written as an integer';
