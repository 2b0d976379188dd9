-- Notes a schedule that has problems and leaves it out; internal.raise_problems ends the statement.
-- definer because API roles may not name internal.template_args_problems.
create or replace function internal.complete_schedule()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    problems jsonb;
begin
    new.tree_type := coalesce(new.tree_type, 'OVERVIEW');
    new.template_args := internal.usual_template_args(new.template_args);
    select jsonb_agg(jsonb_build_object('field', left(found.field, 200), 'value',
        left(found.value, 200), 'reason', found.reason))
    into problems
    from (
        select 'kind' as field, new.kind::text as value, case
            when new.kind <> 'phylo_run' then 'must be phylo_run'
        end as reason
        union all
        select 'pathogen_id', new.pathogen_id::text, case
            when not exists (
                select from aspen.pathogens as pathogens
                where pathogens.id = new.pathogen_id
                    and pathogens.nextclade_dataset_name is not null
            ) then 'must be the id of a pathogen with a nextclade_dataset_name'
        end
        union all
        select 'weekdays', new.weekdays::text, case
            when cardinality(new.weekdays) = 0
                or array_ndims(new.weekdays) > 1
                or exists (select from unnest(new.weekdays) as days (day) where days.day is null)
                or not new.weekdays <@ '{1,2,3,4,5,6,7}'::integer[]
                then 'must be days from 1 (Monday) to 7 (Sunday)'
        end
        union all
        select 'tree_type', new.tree_type::text, case
            when new.tree_type not in ('OVERVIEW', 'TARGETED', 'NON_CONTEXTUALIZED')
                then 'must be OVERVIEW, TARGETED or NON_CONTEXTUALIZED'
        end
        union all
        select checks.field, checks.value, checks.reason
        from internal.template_args_problems(new.template_args) as checks
    ) as found
    where found.reason is not null;
    if problems is null then
        new.weekdays := array(
            select distinct days.day from unnest(new.weekdays) as days(day) order by days.day
        );
        return new;
    end if;
    perform internal.note_problems(
        case tg_op
            when 'INSERT' then jsonb_build_object(
                'row', nullif(current_setting('aspen.row_number', true), '')::integer)
            else jsonb_build_object('id', new.id)
        end,
        problems
    );
    return null;
end
$$;

comment on function internal.complete_schedule() is $$Trigger: complete a schedule, or leave out an invalid one

The type of tree is OVERVIEW if none is named; each weekday is kept once, in order.$$;

revoke all on function internal.complete_schedule() from public;
