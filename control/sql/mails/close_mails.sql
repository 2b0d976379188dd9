-- Give up the mails of invitations that do not work any more, and those whose last try was
-- interrupted, and forgets their links.
update aspen.mails as mails
set
    body = null,
    given_up_at = clock_timestamp(),
    error = case
        when mails.attempt_count >= %(most)s then coalesce(mails.error, 'the try was interrupted')
        else 'the invitation does not work any more'
    end
from aspen.invitations as invitations
where
    mails.group_id = invitations.group_id
    and mails.invitation_id = invitations.id
    and mails.body is not null
    and (
        invitations.accepted_at is not null
        or invitations.revoked_at is not null
        or invitations.expires_at <= clock_timestamp()
        or (
            mails.attempt_count >= %(most)s
            and mails.tried_at + interval '5 minutes' <= clock_timestamp()
        )
    )
