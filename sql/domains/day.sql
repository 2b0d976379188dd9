-- NOTE: the domains have no checks, so that they cost nothing and an index of the base type serves
-- them. PostgREST reads their values with the functions of authz that are named after them.
create domain aspen.day as date;

comment on domain aspen.day is 'A day, written YYYY-MM-DD';
