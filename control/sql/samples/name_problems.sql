-- Return the problems of names, by name; nothing for valid ones.
select
    given.name,
    problems.problem
from unnest(%(names)s::text[]) as given (name)
cross join lateral (select internal.name_problem(given.name) as problem) as problems
where problems.problem is not null;
