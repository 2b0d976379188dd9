-- NOTE: the domains have no check constraints: they cost nothing, and an index on the base type
-- serves them. PostgREST reads their values with the authz functions named after them: written_day
-- reads the cells of a body, sought_day the filters.
create domain aspen.day as date;

comment on domain aspen.day is 'A calendar date, written YYYY-MM-DD';
