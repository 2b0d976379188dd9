-- Return the problems of sequences that will not be stored, by position.
select
    given.position - 1 as position,
    internal.sequence_problem(given.sequence) as problem
from unnest(%(sequences)s::text[]) with ordinality as given (sequence, position)
where internal.sequence_problem(given.sequence) is not null;
