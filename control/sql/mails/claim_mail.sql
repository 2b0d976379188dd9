-- Claim the first mail that is due: no other sender takes it until its next try is due, after 5,
-- 10, 20 … minutes. The claim is stored before the mail is sent, so that no lock is held while a
-- server answers.
update aspen.mails as mails
set attempt_count = mails.attempt_count + 1, tried_at = clock_timestamp()
from (
    select waiting.id
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
    order by waiting.id
    limit 1
    for update of waiting skip locked
) as due
where mails.id = due.id
returning
    mails.id, mails.recipient, mails.subject, mails.body, mails.attempt_count, mails.created_at
