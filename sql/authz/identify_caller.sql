-- Turns the claims into transaction-local sets of group ids, once per request; the policies compare
-- with these settings inline, because the planner can look into a setting and not into a sub-select
-- (docs/architecture.md):
--   aspen.any_groups     groups whose rows the caller may see at all: direct and granted, any role
--   aspen.full_groups    those of them with role member or admin: private rows, sequences, changes
--   aspen.direct_groups  groups in which the caller holds any role
--   aspen.member_groups  groups where the caller is directly member or admin: new rows
--   aspen.admin_groups   groups where the caller is directly admin
-- A machine token has those of its user in its own group, and manages nobody.
-- Operators see group 0, the platform, as if it granted them the role of a member.
-- A job has none of them, but aspen.job_id and aspen.job_group_id.
-- authz.set_groups and authz.set_caller write them: only numbers read here, never a caller's text.
-- response.headers tell the access log who it was, and the first 100 groups where the caller has a
-- role; the edge keeps Aspen-User and Aspen-Groups to itself.
-- Every look-up is by key, so plans are kept: new ones cost a quarter of a millisecond per request.
create or replace function authz.identify_caller()
returns void
language plpgsql
volatile
security invoker
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
    claims jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
    caller_role text := current_setting('role', true);
    caller record;
    token aspen.machine_tokens;
    verified_email text;
    direct_groups bigint[];
    member_groups bigint[];
    admin_groups bigint[];
    any_groups bigint[];
    full_groups bigint[];
    done text;
begin
    if caller_role = 'anon' then
        done := authz.set_caller(null, null, null, null);
        done := authz.set_groups('{}', '{}', '{}', '{}', '{}');
        return;
    end if;

    -- PostgREST checks exp and aud only where they are present.
    if jsonb_typeof(claims -> 'exp') is distinct from 'number' then
        perform internal.fail(401, 'token_without_exp', 'The token does not expire', null,
            'Send a token with an exp claim: the time it expires, in seconds since 1970-01-01 UTC.');
    end if;
    if (claims ->> 'exp')::numeric > extract(epoch from now()) + 30
        + 86400 * coalesce(nullif(current_setting('aspen.max_token_days', true), '')::numeric, 30)
    then
        perform internal.fail(401, 'token_lives_too_long', 'The token expires too late', null,
            'Send a token that expires within 30 days, or as many as this API allows.');
    end if;
    if jsonb_typeof(claims -> 'aud') is null or claims -> 'aud' in ('null', '""', '[]') then
        perform internal.fail(401, 'token_without_aud', 'The token names no audience', null,
            'Send a token whose aud claim is the audience of this API.');
    end if;

    if caller_role = 'job' then
        done := authz.identify_job(claims);
        return;
    end if;

    if caller_role not in ('member', 'operator') then
        perform internal.fail(403, 'role_not_allowed', 'This role cannot use the API');
    end if;

    if claims ? 'machine_token_id' then
        token := authz.find_machine_token(claims);
        select users.id, users.is_operator, users.disabled_at, users.tokens_valid_after
        into caller
        from aspen.users as users
        where users.id = token.user_id;
    else
        select users.id, users.is_operator, users.disabled_at, users.tokens_valid_after
        into caller
        from aspen.users as users
        where users.subject = claims ->> 'sub';
    end if;
    if caller.id is null then
        verified_email := authz.verified_email();
        -- Somebody who was invited has no user before accepting. Two paths are open then, with no
        -- group; not even reference data, which is for every user.
        if caller_role = 'member'
            and current_setting('request.path', true) in ('/me', '/rpc/accept_invitation')
            and jsonb_typeof(claims -> 'sub') = 'string' and claims ->> 'sub' <> ''
            and exists (
                select from aspen.invitations as invitations
                where internal.is_same_address(invitations.email, verified_email)
                    and invitations.accepted_at is null
            )
        then
            done := authz.set_caller(null, null, null, null);
            done := authz.set_groups('{}', '{}', '{}', '{}', '{}');
            return;
        end if;
        perform internal.fail(401, 'unknown_user', 'The user of this token is not known', null,
            'Accept your invitation first, or ask an operator to create a user for the sub claim of your token.');
    end if;
    if caller.disabled_at is not null then
        perform internal.fail(401, 'user_disabled', 'This user is disabled');
    end if;
    if caller.tokens_valid_after is not null then
        -- iat counts whole seconds, so a token of the very second of the revocation counts as
        -- older: renew it. One from the future may be older than it says.
        if jsonb_typeof(claims -> 'iat') is distinct from 'number'
            or (claims ->> 'iat')::numeric < extract(epoch from caller.tokens_valid_after)
            or (claims ->> 'iat')::numeric > extract(epoch from now())
        then
            perform internal.fail(401, 'token_revoked', 'This token was revoked', null,
                'Sign in again.');
        end if;
    end if;
    if caller_role = 'operator' and not caller.is_operator then
        perform internal.fail(403, 'role_not_allowed', 'This user is not an operator');
    end if;

    if token.id is not null then
        select
            array_agg(memberships.group_id),
            coalesce(array_agg(memberships.group_id) filter (
                where memberships.role in ('member', 'admin')
            ), '{}')
        into direct_groups, member_groups
        from aspen.memberships as memberships
        where memberships.user_id = caller.id and memberships.group_id = token.group_id;
        admin_groups := '{}';
        if direct_groups is null then
            perform internal.fail(401, 'token_revoked', 'This token was revoked', null,
                'Its user has left the group.');
        end if;
    elsif not claims ? 'groups' then
        select held.direct_groups, held.member_groups, held.admin_groups
        into direct_groups, member_groups, admin_groups
        from authz.held_groups(caller.id) as held;
    elsif authz.groups_claim_is_valid(claims -> 'groups') then
        direct_groups := authz.claimed_groups(claims -> 'groups', '$.keyvalue().key');
        member_groups := authz.claimed_groups(
            claims -> 'groups', '$.keyvalue() ? (@.value == "member" || @.value == "admin").key'
        );
        admin_groups := authz.claimed_groups(
            claims -> 'groups', '$.keyvalue() ? (@.value == "admin").key'
        );
        -- A claim alone does not show an operator a group, whichever role the token has. The weaker
        -- of the two roles in the group counts.
        if caller.is_operator then
            select
                coalesce(array_agg(memberships.group_id), '{}'),
                coalesce(array_agg(memberships.group_id) filter (where
                    memberships.group_id = any(member_groups)
                    and memberships.role in ('member', 'admin')), '{}'),
                coalesce(array_agg(memberships.group_id) filter (where
                    memberships.group_id = any(admin_groups) and memberships.role = 'admin'), '{}')
            into direct_groups, member_groups, admin_groups
            from aspen.memberships as memberships
            where memberships.user_id = caller.id and memberships.group_id = any(direct_groups);
        end if;
    else
        perform internal.fail(401, 'malformed_groups', 'The groups claim is malformed', null,
            'groups maps at most 1000 group ids to admin, member or viewer, like {"3": "admin", "12": "viewer"}.');
    end if;

    if token.id is null and direct_groups <> '{}' then
        select direct_groups || granted.any_groups, member_groups || granted.full_groups
        into any_groups, full_groups
        from authz.granted_groups(direct_groups) as granted;
    else
        any_groups := direct_groups;
        full_groups := member_groups;
    end if;
    -- The jobs of the platform; nobody is a member of it.
    if caller_role = 'operator' then
        any_groups := any_groups || 0::bigint;
        full_groups := full_groups || 0::bigint;
    end if;

    -- Numbers and commas need no quoting.
    done := set_config('response.headers', format(
        '[{"Aspen-User": "%s"}, {"Aspen-Groups": "%s"}]',
        caller.id, array_to_string(direct_groups[:100], ',')
    ), true);
    done := authz.set_caller(caller.id, token.id, null, null);
    done := authz.set_groups(any_groups, full_groups, direct_groups, member_groups, admin_groups);
end
$$;

comment on function authz.identify_caller() is $$Who is asking, and what may they see

Checks the claims of the token and sets the group ids that the policies compare with. Errors: 401
token_without_exp, token_lives_too_long, token_without_aud, malformed_job_id, job_not_running,
unknown_user, user_disabled, token_revoked, malformed_groups; 403 role_not_allowed, token_is_read_only.$$;

revoke all on function authz.identify_caller() from public;
grant execute on function authz.identify_caller() to claims_reader;
