-- Count the mails that claim_mail.sql would claim.
select count(*) as count
from aspen.mails as waiting
inner join aspen.invitations as invitations
    on waiting.group_id = invitations.group_id and waiting.invitation_id = invitations.id
where
    waiting.body is not null
    and waiting.attempt_count < %(most)s
    and (
        waiting.tried_at is null
        or waiting.tried_at + interval '5 minutes' * power(2, waiting.attempt_count - 1)
        <= clock_timestamp()
    )
    and invitations.accepted_at is null
    and invitations.revoked_at is null
    and invitations.expires_at > clock_timestamp()
