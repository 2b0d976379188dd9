-- The last thing that PostgREST's statement asks for is the setting response.status, when the
-- answer is made. If a later PostgREST asked otherwise, no answer would be kept, and a request
-- that is sent again would be refused instead of answered; it would not be executed.
-- definer because no API role may write idempotency_keys.
create or replace function authz.current_setting(setting text, missing_ok boolean)
returns text
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    request_path text := pg_catalog.current_setting('request.path', true);
    given json := pg_catalog.current_setting('request.headers', true)::json;
    -- Accept lists several types; the first one counts.
    media_type text := coalesce(nullif(lower(btrim(substring(
        given ->> 'accept' from '^[^,]*'))), ''), '*/*');
    is_function boolean := request_path like '/rpc/%';
    applied text[];
    is_set boolean := true;
    has_secrets boolean := false;
    row_count bigint;
    is_update boolean;
    is_single boolean := media_type like 'application/vnd.pgrst.object%';
    answer text := '';
    is_kept boolean := true;
begin
    if setting <> 'response.status' then
        return pg_catalog.current_setting(setting, missing_ok);
    end if;
    applied := authz.applied_preferences(is_function);
    -- PostgREST counts which rows of an upsert were new.
    is_update := 'resolution=merge-duplicates' = any(applied) and coalesce(
        nullif(pg_catalog.current_setting('pgrst.inserted', true), ''), '0') = '0';
    if is_function then
        select
            functions.proretset,
            exists (
                select
                from unnest(functions.proargnames, functions.proargmodes) as returned(name, mode)
                where returned.mode in ('o', 't') and returned.name = any(authz.secret_names())
            )
        into is_set, has_secrets
        from pg_catalog.pg_proc as functions
        where functions.pronamespace = to_regnamespace(authz.api_version())
            and '/rpc/' || functions.proname = request_path;
    end if;
    if is_function or 'return=representation' = any(applied) then
        answer := nullif(pg_catalog.current_setting('aspen.answer', true), '');
        is_kept := answer is not null
            and length(answer) <= 16000000
            and coalesce(given ->> 'accept', '') !~* 'csv'
            and media_type in ('*/*', 'application/json', 'application/vnd.pgrst.object+json',
                'application/vnd.pgrst.object', 'application/vnd.pgrst.array+json');
        is_single := is_single or not coalesce(is_set, true);
        -- Tokens and links are shown once. In a text, the quotation marks would have backslashes.
        if is_kept and is_function then
            answer := regexp_replace(answer,
                '"(' || array_to_string(authz.secret_names(), '|')
                || ')"\s*:\s*"(?:[^"\\]|\\.)*"', '"\1":null', 'g');
        end if;
        -- The client may have given them another name (select=mine:token). No e-mail address, the
        -- only long text beside them, is a word of 43 characters: 256 bits are.
        if is_kept and has_secrets then
            answer := regexp_replace(answer,
                ':\s*"(?:[^"@\\]|\\.)*[A-Za-z0-9+/_-]{43}(?:[^"@\\]|\\.)*"', ':null', 'g');
        end if;
        if is_kept and left(answer, 1) = '[' then
            row_count := json_array_length(answer::json);
        end if;
        if is_kept and is_single then
            answer := coalesce((answer::json -> 0)::text, 'null');
        end if;
    end if;
    if is_kept then
        update aspen.idempotency_keys as keys
        set
            status = coalesce(
                nullif(pg_catalog.current_setting('response.status', true), '')::integer,
                case when is_function or is_update then 200 else 201 end
            ),
            headers = jsonb_build_array(jsonb_build_object('Content-Type', case
                when answer = '' then 'text/plain'
                when media_type like 'application/vnd.pgrst.object%'
                    then 'application/vnd.pgrst.object+json'
                else 'application/json'
            end || '; charset=utf-8')) || case
                when given ->> 'aspen-replicas' is null then '[]'
                else jsonb_build_array(jsonb_build_object(
                    'Aspen-Transaction', pg_current_xact_id()::text))
            end || coalesce((
                select jsonb_build_array(jsonb_build_object('Location', request_path || '?' || noted.filter))
                from nullif(pg_catalog.current_setting('aspen.answer_location', true), '')
                    as noted(filter)
                where noted.filter is not null
            ), '[]') || case
                when applied = '{}' then '[]'
                else jsonb_build_array(jsonb_build_object(
                    'Preference-Applied', array_to_string(applied, ', ')))
            end || jsonb_build_array(jsonb_build_object('Content-Range', case
                when is_function and row_count > 0 then '0-' || row_count - 1
                else '*'
            end || '/' || case
                when 'count=exact' = any(applied) and row_count is not null then row_count::text
                else '*'
            end)),
            body = answer
        where keys.subject = pg_catalog.current_setting('request.jwt.claims')::json ->> 'sub'
            and keys.key_hash = sha256(convert_to(
                pg_catalog.current_setting('aspen.idempotency_key'), 'UTF8'));
    end if;
    return pg_catalog.current_setting(setting, missing_ok);
end
$$;

comment on function authz.current_setting(text, boolean) is
$$In place of current_setting where the answer is kept (authz.pre_request)

Asked for response.status, it keeps the answer.$$;

revoke all on function authz.current_setting(text, boolean) from public;
grant execute on function authz.current_setting(text, boolean) to member;
