-- What is wrong with names, by name; nothing for those that will do.
select given.name, problems.problem
from unnest(%(names)s::text[]) as given(name)
cross join lateral (select internal.name_problem(given.name) as problem) as problems
where problems.problem is not null;
