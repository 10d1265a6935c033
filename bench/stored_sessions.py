"""The rows of many finished sessions, as the sink and the reviews write them, inserted by SQL; no byte of it is text.

Two platforms, each with two teams and ten therapists, one of whom is in no team. The sessions lie evenly within two
years. Three tenths are left out; of the others, half of the newest quarter wait, and so do some older ones.
"""

from typing import Final

from sqlalchemy import Engine, text

from plugin.database.engine import transaction, utc_now
from plugin.database.viewer import AccountRole
from plugin.queue.accounts import NewAccount, insert_account

PLATFORMS: Final = ("north", "south")
THERAPISTS: Final = 10
"""Therapists of one platform: five in its first team, four in its second."""
SUPERVISOR: Final = "supervisor-north"
"""The supervisor of both teams of a platform, who also sees its sessions without a team: half of all sessions."""
THERAPIST: Final = "therapist-north-0"
OPERATOR: Final = "operator"

# What a row is like follows from its number, so that every run has the same rows. `chance` is 0 to 99.
_SESSIONS: Final = """
CREATE TEMP TABLE drawn ON COMMIT DROP AS
SELECT n, md5('session' || n)::uuid AS session_id, CASE WHEN n % 2 = 0 THEN 'north' ELSE 'south' END AS tenant,
  n / 2 % 10 AS therapist, now() - n * interval '730 days' / :sessions AS ended_at,
  abs(hashtext('left out' || n)) % 100 < 30 AS left_out,
  abs(hashtext('waits' || n)) % 100 < CASE WHEN n < :sessions / 4 THEN 50 ELSE 3 END AS waits,
  1 + (n % 10 = 1)::int AS revision, abs(hashtext('chance' || n)) % 100 AS chance
FROM generate_series(1, :sessions) n;

INSERT INTO sessions (session_id, tenant, conversation_id, revision, state, started_at, ended_at, closed_at,
  first_appended_at, last_appended_at, stored_at, end_reason, left_out, language, consent, counts, marks, detector,
  need, facts, restricted)
SELECT session_id, tenant, encode(sha256(convert_to('room' || n / 5, 'UTF8')), 'hex'), revision,
  CASE WHEN chance = 0 THEN 'reopened' WHEN chance = 1 THEN 'erased' ELSE 'closed' END,
  ended_at - interval '50 minutes', ended_at, ended_at, ended_at - interval '50 minutes', ended_at,
  ended_at + interval '1 minute', 'explicit',
  CASE WHEN left_out THEN 'no_resistance' END, 'en', '{"processing": true, "secondary_use": false}',
  '{"messages": 60, "client_messages": 30, "counsellor_messages": 30, "client_turns": 20, "flagged_turns": 3}',
  CASE WHEN chance % 3 = 0 THEN '[{"kind": "risk_language", "concerns": ["suicide"], "message_ids": ["m-1"],
    "needs_human": null, "position": 1}]' ELSE '[]' END::jsonb,
  '{"name": "linear", "version": "0.1", "operating_point": "gate"}',
  CASE WHEN left_out AND chance >= 5 THEN 7 ELSE chance % 8 END,
  jsonb_build_object('concerns', '[]'::jsonb, 'needs_human', 0, 'unanswered', 0, 'possible_critical', 0,
    'possible_injection', 0, 'names_told', true, 'without_expression',
    CASE WHEN chance % 8 = 6 THEN '["stance_alignment"]' ELSE '[]' END::jsonb),
  chance = 2
FROM drawn;

SET LOCAL session_replication_role = origin;

INSERT INTO session_counsellors (session_id, counsellor, tenant, position)
SELECT session_id, 'counsellor-' || therapist, tenant, 0 FROM drawn WHERE chance <> 3
UNION ALL
SELECT session_id, 'counsellor-' || (therapist + 1) % 10, tenant, 1 FROM drawn WHERE chance BETWEEN 10 AND 19;

INSERT INTO decisions (session_id, revision, kind, account_id, decided_at)
SELECT session_id, revision, CASE WHEN chance < 80 THEN 'released' ELSE 'withheld' END, account_id,
  least(ended_at + interval '3 days', now())
FROM drawn JOIN accounts ON username = 'supervisor-' || drawn.tenant WHERE NOT waits AND NOT left_out
UNION ALL
SELECT session_id, revision - 1, 'released', account_id, ended_at
FROM drawn JOIN accounts ON username = 'supervisor-' || drawn.tenant WHERE revision = 2 AND NOT left_out;

SET LOCAL session_replication_role = replica;

CREATE TEMP TABLE moments ON COMMIT DROP AS
SELECT d.*, number, md5('exchange' || n || '-' || number)::uuid AS exchange_id,
  md5('answer' || n || '-' || number)::uuid AS assessment_id
FROM drawn d, generate_series(0, 2) number WHERE NOT left_out AND chance <> 1;

INSERT INTO messages (session_id, message_id, position, revision, role, author, sent_at, text)
SELECT session_id, 'm-' || 2 * number + side, 2 * number + side, 0,
  CASE side WHEN 0 THEN 'client' ELSE 'counsellor' END,
  CASE side WHEN 0 THEN 'client-' || n / 5 ELSE 'counsellor-' || therapist END, ended_at, sha256(uuid_send(exchange_id))
FROM moments, generate_series(0, 1) side;

INSERT INTO exchanges (exchange_id, session_id, position, context, client_turn, reply, counsellor, score, cues, shown)
SELECT exchange_id, session_id, number, '[]', jsonb_build_array('m-' || 2 * number),
  jsonb_build_array('m-' || 2 * number + 1), 'counsellor-' || therapist, 0.9,
  '[{"message_id": "m-0", "start": 0, "end": 7, "weight": 0.6}]', true
FROM moments;

INSERT INTO answers (assessment_id, session_id, exchange_id, input_id, model, abstained, verdict, confidence, ratings,
  words, revision, stored_at)
SELECT assessment_id, session_id, exchange_id, assessment_id,
  '{"name": "CPU baseline", "adapter": "baseline", "weights": "0.1", "prompt": "none", "rubric": "0.1",
    "schema_version": "1", "validated": false, "is_baseline": true}',
  CASE WHEN chance = 4 THEN 'model_failed' END, CASE WHEN chance <> 4 THEN 'confirmed' END, 0.8,
  (SELECT jsonb_agg(jsonb_build_object('mechanism', mechanism, 'level', 1, 'needs_human', NULL, 'evidence',
    '[{"message_id": "m-1", "start": 0, "end": 15}]'::jsonb)) FROM unnest(ARRAY['respect_for_autonomy',
    'stance_alignment', 'emotional_resonance', 'conversational_orientation']) mechanism),
  decode(repeat(md5(exchange_id::text), 20), 'hex'), revision, ended_at
FROM moments;

INSERT INTO claims (session_id, account_id, until, read_revision)
SELECT session_id, account_id, CASE WHEN n < 60 THEN now() + interval '30 minutes' ELSE ended_at END, revision
FROM drawn JOIN accounts ON username = 'supervisor-' || drawn.tenant
WHERE NOT left_out AND (NOT waits OR n < 600) AND chance < 70;

INSERT INTO labels (session_id, revision, exchange_id, assessment_id, statement, judgement, reason, machine, model,
  rubric, account_id, said_at)
SELECT session_id, revision, exchange_id, assessment_id, 'moment',
  CASE WHEN number = 2 AND chance < 20 THEN 'withheld' ELSE 'agreed' END,
  CASE WHEN number = 2 AND chance < 20 THEN 'unclear' END, '{"verdict": "confirmed"}', '{"name": "CPU baseline"}',
  '0.1', account_id, ended_at
FROM moments JOIN accounts ON username = 'supervisor-' || moments.tenant WHERE (NOT waits OR n < 600) AND chance < 60;

INSERT INTO acknowledgements (session_id, revision, released_at, account_id, acknowledged_at)
SELECT session_id, d.revision, decided_at, a.account_id, decided_at
FROM drawn JOIN decisions d USING (session_id, revision)
JOIN accounts a ON a.tenant = drawn.tenant AND a.counsellor = 'counsellor-' || therapist
WHERE kind = 'released' AND chance < 50;

INSERT INTO disputes (dispute_id, session_id, revision, released_by, exchange_id, assessment_id, statement, ground,
  escalated, account_id, words, raised_at)
SELECT exchange_id, m.session_id, m.revision, d.account_id, exchange_id, assessment_id, 'strengths', 'unclear', false,
  a.account_id, sha256(uuid_send(exchange_id)), decided_at
FROM moments m JOIN decisions d USING (session_id, revision)
JOIN accounts a ON a.tenant = m.tenant AND a.counsellor = 'counsellor-' || therapist
WHERE kind = 'released' AND number = 0 AND chance BETWEEN 30 AND 33;

INSERT INTO dispute_steps (dispute_id, number, session_id, kind, account_id, words, taken_at)
SELECT dispute_id, 1, session_id, 'resolved', released_by, words, raised_at FROM disputes
WHERE abs(hashtext(dispute_id::text)) % 3 > 0;
"""


def fill(owner: Engine, sessions: int) -> None:
    """Insert the accounts and the sessions with all that belongs to them, and let PostgreSQL count them.

    `owner` is a superuser: the checks of references, which take most of the time, are off where no trigger is needed.
    """
    with transaction(owner) as session:
        for person in _people():
            insert_account(session, person, "no password", now=utc_now())
    with owner.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        for statement in _SESSIONS.split(";\n"):
            if statement.strip():
                connection.execute(text(statement), {"sessions": sessions})
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        # What the triggers leave behind in one large transaction is not there where sessions come one by one.
        connection.execute(text("VACUUM FULL sessions"))
        connection.execute(text("VACUUM ANALYZE"))


def _people() -> list[NewAccount]:
    people = [NewAccount(OPERATOR, "", AccountRole.OPERATOR, "Operator")]
    for platform in PLATFORMS:
        teams = (f"{platform}-1", f"{platform}-2")
        name = f"supervisor-{platform}"
        people.append(NewAccount(name, "", AccountRole.SUPERVISOR, name, teams=teams, tenant=platform))
        for number in range(THERAPISTS):
            name, own_team = f"therapist-{platform}-{number}", (*teams[:1] * 5, *teams[1:] * 4, None)[number]
            own_teams = () if own_team is None else (own_team,)
            person = NewAccount(name, "", AccountRole.THERAPIST, name, own_teams, platform, f"counsellor-{number}")
            people.append(person)
    return people
