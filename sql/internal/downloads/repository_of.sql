create or replace function internal.repository_of(pathogen_id bigint, repository text)
returns table (name text, prefix text)
language plpgsql
stable
security invoker
rows 1
set search_path = ''
as $$
#variable_conflict use_column
begin
    return query
    select repositories.name::text, known.prefix
    from aspen.pathogen_repositories as known
    inner join aspen.public_repositories as repositories
        on known.public_repository_id = repositories.id
    where known.pathogen_id = repository_of.pathogen_id
        and lower(repositories.name) = lower(internal.trimmed(repository_of.repository))
    order by repositories.name = internal.trimmed(repository_of.repository) desc
    limit 1;
    if not found then
        perform internal.fail(400, 'invalid_argument',
            'The repository takes no sequences of this pathogen',
            json_build_object('repository', left(repository_of.repository, 200))::text,
            'Use the name of one of public_repositories that has a prefix for the pathogen.');
    end if;
end
$$;

comment on function internal.repository_of(bigint, text) is
$$Name and prefix of a repository that takes sequences of a pathogen

repository: its name, in any case. Errors: 400 invalid_argument.$$;

revoke all on function internal.repository_of(bigint, text) from public;
grant execute on function internal.repository_of(bigint, text) to api_writer;
