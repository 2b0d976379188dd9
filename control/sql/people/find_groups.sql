-- Find the groups that texts name by id, name or prefix. An id wins over a name that is a number;
-- otherwise several groups may fit. Group 0 is the platform, which is no group of people.
select
    given.text,
    array_agg(found.id order by found.id) as ids
from (select distinct named.text from unnest(%(texts)s::text[]) as named (text)) as given
cross join
    lateral (
        select
            fitting.id,
            rank() over (order by fitting.place) as rank
        from (
            select
                groups.id,
                1 as place
            from aspen.groups as groups
            where
                groups.id = case when given.text ~ '^[1-9][0-9]{0,17}$' then given.text::bigint end
            union
            select
                groups.id,
                2 as place
            from aspen.groups as groups
            where groups.name = given.text
            union
            select
                groups.id,
                2 as place
            from aspen.groups as groups
            where groups.prefix = given.text
        ) as fitting
        where fitting.id <> 0
    ) as found
where found.rank = 1
group by given.text
