/** Why a command cannot be carried out as things stand. Each names the thing and the fact. */
import { isAcknowledged } from './advance.ts';
import { checklistWith, collaborationOf, isLinked, openConsults, openEngagements } from './collaboration.ts';
import type { Participation } from './collaborators.ts';
import { packetWith, requiredFor, skippedBy, type Command, type OfferHandoff } from './commands.ts';
import { CHANGEABLE, type Actor, type AttributeChanges } from './events.ts';
import { isSecurityCommand } from './incident.ts';
import { awaitsReview } from './incident-review.ts';
import { missingFrom } from './packet.ts';
import type { HoldReason } from './policy.ts';
import type { Refusal } from './refusals.ts';
import { reviewIdOf } from './review.ts';
import { outlivesClosing } from './security.ts';
import { securityRefusalOf } from './security-objections.ts';
import { wasAsked } from './situation.ts';
import type { Ticket } from './ticket.ts';

/** A refusal about the ticket: what is the matter, and which field of the request is the reason. */
type No = (code: Refusal['code'], fact: string, more?: string | Partial<Refusal>) => Refusal;

const noAbout =
  ({ id, situation }: Ticket): No =>
  (code, fact, more = {}) => ({
    code,
    message: `Ticket ${id} ${fact}`,
    state: situation.state,
    ...(typeof more === 'string' ? { pointer: more } : more),
  });

/** Who may let pass what the rules of a handoff, or of closing, ask for. */
const LEADS: ReadonlySet<string> = new Set(['lead', 'manager', 'admin']);

function holdRefusal({ situation }: Ticket, reason: HoldReason, no: No): Refusal | null {
  if (situation.state === 'resolved') return no('ticket_resolved', 'is resolved; it cannot be put on hold');
  if (situation.holds.some((hold) => hold.reason === reason))
    return no('already_on_hold', `is already on hold for ${reason}`, '/reason');
  return reason === 'customer' && !wasAsked(situation)
    ? no('public_question_missing', 'has no public question since the last customer message', '/reason')
    : null;
}

/** An offer goes to another tier with what that tier requires; a lead may let it pass, and says why. */
function offerRefusal(ticket: Ticket, offer: OfferHandoff, { actor, no }: { actor: Actor; no: No }) {
  const { situation, rules } = ticket;
  const { toTier, items, articles, override, isReasoned } = offer;
  if (situation.state === 'resolved')
    return no('ticket_resolved', 'is resolved; reopen it before handing it on');
  if (!rules.policy.tiers.some(({ tier }) => tier === toTier))
    return no('tier_unknown', `has no tier ${toTier} in its policy`, '/toTier');
  if (toTier === situation.tier) return no('same_tier', `is already at tier ${toTier}`, '/toTier');
  if (offer.acceptedAtOnce) return null;
  if (situation.offer)
    return no('already_offered', `is already offered to tier ${situation.offer.toTier}; withdraw that first`);
  const skipped = skippedBy(ticket, toTier);
  if (!isReasoned && (skipped.length > 0 || toTier < situation.tier || override))
    return no('reason_missing', whyReason(skipped, override), '/reason');
  if (override && !LEADS.has(actor.role))
    return no('override_not_allowed', 'is handed on with an incomplete packet by a lead only', '/override');
  const packet = packetWith(ticket, { ...(items && { items }), ...(articles && { articles }) });
  const missing = missingFrom(packet, requiredFor(ticket, toTier));
  if (missing.length === 0 || override) return null;
  return no('handoff_incomplete', `cannot go to tier ${toTier} without ${missing.join(', ')}`, {
    errors: missing.map((item) => ({
      pointer: `/packet/${item}`,
      code: 'packet_item_missing',
      message: `tier ${toTier} requires ${item}`,
    })),
  });
}

function whyReason(skipped: readonly number[], override: true | undefined): string {
  if (override) return 'needs a reason for handing it on with an incomplete packet';
  return skipped.length > 0
    ? `needs a reason for leaving out tier ${skipped.join(', ')}`
    : 'needs a reason for going back to a lower tier';
}

const isWaiting = ({ situation }: Ticket): boolean =>
  situation.offer !== null || (situation.automaticSince ?? null) !== null;

function takeRefusal(ticket: Ticket, { tier, team }: Extract<Command, { type: 'take' }>, no: No) {
  const { situation } = ticket;
  const { offer } = situation;
  if (situation.state === 'resolved') return no('ticket_resolved', 'is resolved; nobody needs to take it');
  if (offer) {
    const isMeant = offer.toTier === tier && (!offer.team || !team || offer.team === team);
    return isMeant ? null : no('not_in_queue', `is offered to tier ${offer.toTier}, not to tier ${tier}`);
  }
  if (situation.assignee !== null)
    return no('already_assigned', `is already with ${situation.assignee}`, '/assignee');
  return situation.tier === tier
    ? null
    : no('not_in_queue', `is at tier ${situation.tier}, not in the queue of tier ${tier}`);
}

function resolveRefusal(
  { rules }: Ticket,
  { causeCode, article, needsArticle }: Extract<Command, { type: 'resolve' }>,
  no: No,
): Refusal | null {
  const { requires = [], causeCodes } = rules.policy.resolving ?? {};
  if (requires.includes('causeCode') && causeCode === undefined)
    return no('cause_code_missing', 'is resolved with a cause code by its policy', '/causeCode');
  if (causeCode !== undefined && causeCodes && !causeCodes.includes(causeCode))
    return no(
      'cause_code_unknown',
      `has no cause code ${causeCode} in its policy; known are ${causeCodes.join(', ')}`,
      '/causeCode',
    );
  return requires.includes('article') && article === undefined && !needsArticle
    ? no('article_missing', 'is resolved with an article, or the word that one is needed', '/article')
    : null;
}

function consultRefusal(
  { situation, rules }: Ticket,
  { toTier }: Extract<Command, { type: 'consult' }>,
  no: No,
): Refusal | null {
  if (situation.state === 'resolved')
    return no('ticket_resolved', 'is resolved; there is nothing to consult about');
  return toTier !== undefined && !rules.policy.tiers.some(({ tier }) => tier === toTier)
    ? no('tier_unknown', `has no tier ${toTier} in its policy`, '/toTier')
    : null;
}

const hasJoined = ({ situation }: Ticket, agent: string, as?: Participation): boolean =>
  collaborationOf(situation).people.some((one) => one.agent === agent && (as === undefined || one.as === as));

function joinRefusal(ticket: Ticket, agents: readonly string[], as: Participation, no: No): Refusal | null {
  if (ticket.situation.state === 'resolved')
    return no('ticket_resolved', 'is resolved; nobody needs to join');
  const known = agents.find((agent) => hasJoined(ticket, agent, as));
  return known === undefined ? null : no('already_joined', `has ${known} as ${as} already`);
}

const notResolved = ({ situation }: Ticket, no: No): Refusal =>
  no('ticket_not_resolved', `is ${situation.state}; it has not been resolved`);

function reviewOpen({ id, situation }: Ticket, no: No): Refusal {
  const review = situation.review?.id ?? reviewIdOf(id);
  return no('review_open', `is looked back on in review ${review}, which is not closed yet`);
}

/** A ticket stays resolved until its review is closed; a lead may close it before, and says why. */
function closeRefusal(
  ticket: Ticket,
  { override, isReasoned }: Extract<Command, { type: 'close' }>,
  { actor, no }: { actor: Actor; no: No },
): Refusal | null {
  if (!awaitsReview(ticket)) return null;
  if (!override) return reviewOpen(ticket, no);
  if (!isReasoned) return no('reason_missing', 'is closed before its review only with a reason', '/reason');
  return LEADS.has(actor.role)
    ? null
    : no('override_not_allowed', 'is closed before its review by a lead only', '/override');
}

function changesAnything({ attributes }: Ticket, changes: AttributeChanges): boolean {
  return CHANGEABLE.some((name) => name in changes && (changes[name] ?? undefined) !== attributes[name]);
}

/** Why the command cannot be carried out as things stand; null when it can. */
export function refusalOf(
  ticket: Ticket,
  command: Command,
  { actor, now }: { actor: Actor; now: number },
): Refusal | null {
  const { situation } = ticket;
  const no = noAbout(ticket);
  if (isSecurityCommand(command) && outlivesClosing(command, situation))
    return securityRefusalOf(ticket, command, { actor, now, no });
  if (situation.state === 'closed') return no('ticket_closed', `is closed; it cannot be changed`);
  if (situation.state === 'cancelled') return no('ticket_cancelled', `is cancelled; it cannot be changed`);
  if (isSecurityCommand(command)) return securityRefusalOf(ticket, command, { actor, now, no });
  const resolved = situation.state === 'resolved';
  switch (command.type) {
    case 'acknowledge':
      return isAcknowledged(situation, ticket.rules, now)
        ? no('already_acknowledged', 'is already acknowledged')
        : null;
    case 'take':
      return takeRefusal(ticket, command, no);
    case 'hold':
      return holdRefusal(ticket, command.reason, no);
    case 'resume':
      return situation.holds.some(({ reason }) => !command.reason || reason === command.reason)
        ? null
        : no('not_on_hold', command.reason ? `is not on hold for ${command.reason}` : 'is not on hold');
    case 'prioritise':
      return command.priority === situation.priority
        ? no('same_priority', `already has priority ${command.priority}`, '/priority')
        : null;
    case 'offerHandoff':
      return offerRefusal(ticket, command, { actor, no });
    case 'acceptHandoff':
    case 'returnHandoff':
      return isWaiting(ticket) ? null : no('nothing_offered', 'waits for nobody to accept it');
    case 'withdrawHandoff':
      return situation.offer ? null : no('nothing_offered', 'is not offered to any tier');
    case 'consult':
      return consultRefusal(ticket, command, no);
    case 'answerConsult':
    case 'withdrawConsult':
      return openConsults(situation).some(({ id }) => id === command.consult)
        ? null
        : no('consult_not_open', `has no open consult ${command.consult}`, '/consult');
    case 'swarm':
      return joinRefusal(
        ticket,
        command.people.map(({ agent }) => agent),
        'swarm',
        no,
      );
    case 'shadow':
      return joinRefusal(ticket, [command.agent], 'shadow', no);
    case 'leave':
      return hasJoined(ticket, command.agent, command.as)
        ? null
        : no('not_joined', `does not have ${command.agent} beside its owner`, '/agent');
    case 'engageVendor':
      return resolved ? no('ticket_resolved', 'is resolved; nobody needs to be engaged') : null;
    case 'askVendor':
      return openEngagements(situation).some(({ id }) => id === command.engagement)
        ? null
        : no('engagement_not_open', `has no open engagement ${command.engagement}`, '/engagement');
    case 'vendorReturned':
      return returnRefusal(ticket, command.engagement, no);
    case 'link':
      return isLinked(situation, command)
        ? no('already_linked', `is already linked to ${command.relation} ${command.reference}`, '/reference')
        : null;
    case 'unlink':
      return isLinked(situation, command)
        ? null
        : no('not_linked', `is not linked to ${command.relation} ${command.reference}`, '/reference');
    case 'restore':
      return situation.restoredAt ? no('already_restored', 'has its service back already') : null;
    case 'commit':
      if (resolved) return no('ticket_resolved', 'is resolved; there is nothing to promise');
      return command.dueAt > now
        ? null
        : no('promise_in_past', 'cannot promise a time that is past', '/dueAt');
    case 'sendUpdate':
      return command.draft === undefined || hasDraft(ticket, command.draft)
        ? null
        : no('draft_not_open', `has no draft ${command.draft} any more`, '/draft');
    case 'completeItem':
      return checklistWith(situation, command.item)
        ? null
        : no('item_not_open', `has nothing called ${command.item} left to do`, '/item');
    case 'declareMajor':
      if (resolved) return no('ticket_resolved', 'is resolved; it is no major incident any more');
      return situation.major ? no('already_major', 'is a major incident already') : null;
    case 'resolve':
      return resolved ? no('ticket_resolved', 'is already resolved') : resolveRefusal(ticket, command, no);
    case 'reopen':
      return resolved ? null : notResolved(ticket, no);
    case 'close':
      return resolved ? closeRefusal(ticket, command, { actor, no }) : notResolved(ticket, no);
    case 'cancel':
      return awaitsReview(ticket) ? reviewOpen(ticket, no) : null;
    case 'changeRules': {
      const { name } = ticket.rules.policy;
      return command.rules.policy.name === name
        ? null
        : no('policy_differs', `is judged by policy ${name}, not by ${command.rules.policy.name} any more`);
    }
    case 'update':
      return changesAnything(ticket, command.changes)
        ? null
        : no('nothing_changed', 'already says all of this');
    case 'assign':
    case 'reply':
    case 'note':
    case 'writePacket':
    case 'reproduce':
    case 'rate':
      return null;
  }
}

const hasDraft = ({ situation }: Ticket, draft: string): boolean =>
  collaborationOf(situation).drafts.some((one) => one.draft === draft);

/** Named, it has to be open; unnamed, anything of a vendor's will do: an engagement, or the hold for it. */
function returnRefusal({ situation }: Ticket, engagement: string | undefined, no: No): Refusal | null {
  const open = openEngagements(situation);
  if (engagement !== undefined)
    return open.some(({ id }) => id === engagement)
      ? null
      : no('engagement_not_open', `has no open engagement ${engagement}`, '/engagement');
  return open.length > 0 || situation.holds.some(({ reason }) => reason === 'vendor')
    ? null
    : no('engagement_not_open', 'has nobody engaged');
}
