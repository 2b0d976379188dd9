create or replace function internal.pathogen_of(slug text)
returns aspen.pathogens
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
    pathogen aspen.pathogens;
begin
    select pathogens.* into pathogen
    from aspen.pathogens as pathogens
    where pathogens.slug = pathogen_of.slug;
    if pathogen.id is null then
        perform internal.fail(400, 'unknown_pathogen', 'There is no such pathogen',
            json_build_object('pathogen', left(pathogen_of.slug, 200))::text,
            'Use the slug of one of pathogens.');
    end if;
    return pathogen;
end
$$;

comment on function internal.pathogen_of(text) is $$The pathogen with a slug, such as SC2

Errors: 400 unknown_pathogen.$$;

revoke all on function internal.pathogen_of(text) from public;
grant execute on function internal.pathogen_of(text) to api_writer;
