-- Identifiers that differ only in such characters would become one name. One that needed no change
-- keeps it, else the oldest sample; the others get their sample id after it, until no two names are
-- the same.
create or replace function internal.usher_names(sample_ids bigint[], identifiers text[])
returns text[]
language plpgsql
immutable
security invoker
set search_path = ''
as $$
declare
    names text[] := array(
        select regexp_replace(given.identifier, '[^A-Za-z0-9._/-]', '_', 'g')
        from unnest(identifiers) with ordinality as given(identifier, place)
        order by given.place
    );
    has_twins boolean;
begin
    loop
        select
            coalesce(
                array_agg(
                    case when ranked.turn = 1 then ranked.name
                        else ranked.name || '_' || ranked.id end
                    order by ranked.place
                ),
                '{}'
            ),
            bool_or(ranked.turn > 1)
        into names, has_twins
        from (
            select
                given.id,
                given.name,
                given.place,
                row_number() over (
                    partition by given.name
                    order by given.name is distinct from given.identifier, given.id
                ) as turn
            from unnest(sample_ids, names, identifiers) with ordinality
                as given(id, name, identifier, place)
        ) as ranked;
        exit when has_twins is not true;
    end loop;
    return names;
end
$$;

comment on function internal.usher_names(bigint[], text[]) is
$$Names for UShER, one for each identifier, no two the same

Other characters than A-Z a-z 0-9 . _ / - become _.$$;

revoke all on function internal.usher_names(bigint[], text[]) from public;
grant execute on function internal.usher_names(bigint[], text[]) to api_writer;
