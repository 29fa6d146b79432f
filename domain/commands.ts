/** What a person, or a front end for one, may ask of a ticket, and the events that a granted command stands for. */
import { isAcknowledged } from './advance.ts';
import type { EngagementKind, Participation, Relation } from './collaborators.ts';
import type { Actor, AttributeChanges, DeskBody, PromiseKind, RulesChangedBody } from './events.ts';
import { isSecurityCommand, type SecurityBody, type SecurityCommand } from './incident.ts';
import {
  completenessOf,
  EMPTY_PACKET,
  missingFrom,
  withPacket,
  type Packet,
  type PacketItem,
} from './packet.ts';
import { requiredBy, vendorRuleOf, type HoldReason, type Level, type Priority } from './policy.ts';
import { securityBodiesOf } from './security.ts';
import { awaitsReview } from './incident-review.ts';
import type { Ticket } from './ticket.ts';

export type Command =
  | { type: 'acknowledge' }
  | { type: 'assign'; assignee?: string | null; team?: string | null }
  /** An agent takes the next ticket of a queue: only what nobody has, and is there or offered to it. */
  | { type: 'take'; assignee: string; tier: number; team?: string; reservation?: string }
  | { type: 'reply' }
  | { type: 'note' }
  /** A public message that is meant as the customer's update; with a draft, that one. */
  | { type: 'sendUpdate'; draft?: string; template?: string }
  | { type: 'hold'; reason: HoldReason }
  | { type: 'resume'; reason?: HoldReason }
  | { type: 'prioritise'; priority: Priority; impact?: Level; urgency?: Level }
  | OfferHandoff
  | { type: 'acceptHandoff'; assignee?: string }
  | { type: 'returnHandoff'; missing?: PacketItem[] }
  | { type: 'withdrawHandoff' }
  | { type: 'writePacket'; items: PacketItem[]; articles?: string[] }
  | { type: 'consult'; toTier?: number; team?: string; agent?: string }
  | { type: 'answerConsult'; consult: string; solved?: boolean }
  | { type: 'withdrawConsult'; consult: string }
  | { type: 'swarm'; people: { agent: string; skills?: string[] }[] }
  | { type: 'shadow'; agent: string }
  | { type: 'leave'; agent: string; as?: Participation }
  | { type: 'engageVendor'; vendor?: string; kind?: EngagementKind; reference?: string }
  | { type: 'askVendor'; engagement: string; reference?: string }
  | { type: 'vendorReturned'; engagement?: string; outcome?: string }
  | { type: 'link'; relation: Relation; reference: string; url?: string }
  | { type: 'unlink'; relation: Relation; reference: string }
  | { type: 'reproduce'; environment: string }
  | { type: 'restore' }
  | { type: 'commit'; dueAt: number; to?: PromiseKind }
  | { type: 'rate'; score: number; outOf: number }
  | { type: 'completeItem'; item: string }
  | { type: 'declareMajor'; commander?: string }
  | { type: 'resolve'; causeCode?: string; article?: string; needsArticle?: true; children?: true }
  | { type: 'reopen' }
  /** With a reason a lead closes it before its review is. */
  | { type: 'close'; override?: true; isReasoned?: boolean }
  | { type: 'cancel' }
  /** Corrects what the ticket is about; where that chooses another policy, the ticket looks its rules up by itself. */
  | { type: 'update'; changes: AttributeChanges }
  | SecurityCommand
  /** Part of a change of rules that somebody had made: not a route of the ticket. */
  | ({ type: 'changeRules' } & Omit<RulesChangedBody, 'type' | 'policy' | 'version'>);

export type CommandType = Command['type'];

export interface OfferHandoff {
  type: 'offerHandoff';
  toTier: number;
  team?: string;
  /** What the offer writes into the packet. */
  items?: PacketItem[];
  articles?: string[];
  /** Somebody said why: needed to leave tiers out, and to hand back. */
  isReasoned?: boolean;
  /** A lead lets an incomplete packet pass. */
  override?: true;
  /** How it was before handoffs waited for their tier: accepted with the offer. Replays of that time need it. */
  acceptedAtOnce?: true;
}

/** Tiers between the owner's and the one meant: an offer that leaves them out has to say why (docs/rules.md §4). */
export function skippedBy({ situation, rules }: Ticket, toTier: number): number[] {
  const between = rules.policy.tiers.map(({ tier }) => tier);
  return between.filter((tier) => tier > situation.tier && tier < toTier).toSorted((a, b) => a - b);
}

/** The packet that an offer comes with: what was written before, and what the offer adds. */
export const packetWith = ({ situation }: Ticket, more: Partial<Packet>): Packet =>
  withPacket(situation.packet ?? EMPTY_PACKET, more);

/** A hand-back goes to a lower tier: it knows the ticket already, so nothing is required of its packet. */
export const requiredFor = (ticket: Ticket, toTier: number): readonly PacketItem[] =>
  toTier < ticket.situation.tier ? [] : requiredBy(ticket.rules.policy, toTier);

function offerBodies(ticket: Ticket, offer: OfferHandoff): DeskBody[] {
  const { toTier, team, items, articles, override, acceptedAtOnce } = offer;
  const required = requiredFor(ticket, toTier);
  const packet = packetWith(ticket, { ...(items && { items }), ...(articles && { articles }) });
  const missing = missingFrom(packet, required);
  const skipped = skippedBy(ticket, toTier);
  const offered: DeskBody = {
    type: 'handoffOffered',
    toTier,
    ...(team !== undefined && { team }),
    ...(items && items.length > 0 && { items }),
    ...(articles && articles.length > 0 && { articles }),
    ...(required.length > 0 && { completeness: completenessOf(packet, required) }),
    ...(missing.length > 0 && { missing }),
    ...(override && missing.length > 0 && { override }),
    ...(skipped.length > 0 && { skipped }),
  };
  return acceptedAtOnce ? [offered, { type: 'handoffAccepted' }] : [offered];
}

/** Names a consult or an engagement for good, after the request that began it. */
const namedAfter = (prefix: string, requestId: string): string => `${prefix}_${requestId.slice(0, 24)}`;

function engagementBodies(
  { situation, rules }: Ticket,
  { vendor, kind, reference }: Extract<Command, { type: 'engageVendor' }>,
  requestId: string,
): DeskBody[] {
  const engaged: DeskBody = {
    type: 'vendorEngaged',
    engagement: namedAfter('eng', requestId),
    ...(vendor !== undefined && { vendor }),
    ...(kind && { kind }),
    ...(reference !== undefined && { reference }),
  };
  const { hold } = vendorRuleOf(rules.policy, vendor ?? kind);
  const isHeld = situation.holds.some(({ reason }) => reason === 'vendor');
  return hold && !isHeld ? [engaged, { type: 'held', reason: 'vendor' }] : [engaged];
}

/** Whoever accepts an automatic handoff says that they saw it; it is theirs already (docs/rules.md §9). */
function acceptanceBodies(
  { situation, rules }: Ticket,
  assignee: string | undefined,
  now: number,
): DeskBody[] {
  const assigned: DeskBody[] = assignee === undefined ? [] : [{ type: 'assigned', assignee }];
  if (situation.offer) return [{ type: 'handoffAccepted' }, ...assigned];
  return isAcknowledged(situation, rules, now) ? assigned : [{ type: 'acknowledged' }, ...assigned];
}

/** Whether a command may still be worth something without any of its optional words. */
const said = <T extends object>(command: T): Omit<T, 'type'> =>
  Object.fromEntries(
    Object.entries(command).filter(([name, value]) => name !== 'type' && value !== undefined),
  ) as Omit<T, 'type'>;

/** The events that a granted command stands for, in the order they happen. */
export function bodiesOf(
  ticket: Ticket,
  command: Command,
  { requestId, actor, now }: { requestId: string; actor: Actor; now: number },
): (DeskBody | SecurityBody | RulesChangedBody)[] {
  if (isSecurityCommand(command)) return securityBodiesOf(ticket, command, { actor, now });
  switch (command.type) {
    case 'acknowledge':
      return [{ type: 'acknowledged' }];
    case 'assign':
      return [{ type: 'assigned', ...said(command) }];
    case 'take': {
      const { tier: _tier, ...taken } = said(command);
      const accepts = ticket.situation.offer !== null;
      return [...(accepts ? [{ type: 'handoffAccepted' as const }] : []), { type: 'assigned', ...taken }];
    }
    case 'reply':
      return [{ type: 'messageAdded', author: 'agent', visibility: 'public' }];
    case 'note':
      return [{ type: 'messageAdded', author: 'agent', visibility: 'internal' }];
    case 'sendUpdate': {
      const { template } = command;
      return [
        {
          type: 'messageAdded',
          author: 'agent',
          visibility: 'public',
          update: true,
          ...(template !== undefined && { template }),
        },
      ];
    }
    case 'hold':
      return [{ type: 'held', reason: command.reason }];
    case 'resume':
      return [{ type: 'resumed', ...said(command) }];
    case 'prioritise':
      return [{ type: 'prioritised', ...said(command) }];
    case 'offerHandoff':
      return offerBodies(ticket, command);
    case 'acceptHandoff':
      return acceptanceBodies(ticket, command.assignee, now);
    case 'returnHandoff':
      return [
        {
          type: 'handoffReturned',
          ...said(command),
          ...(ticket.situation.offer === null && { automatic: true as const }),
        },
      ];
    case 'withdrawHandoff':
      return [{ type: 'handoffWithdrawn' }];
    case 'writePacket':
      return [{ type: 'packetWritten', ...said(command) }];
    case 'consult':
      return [{ type: 'consultAsked', consult: namedAfter('cns', requestId), ...said(command) }];
    case 'answerConsult':
      return [{ type: 'consultAnswered', ...said(command) }];
    case 'withdrawConsult':
      return [{ type: 'consultWithdrawn', ...said(command) }];
    case 'swarm':
      return command.people.map((person) => ({ type: 'joined', as: 'swarm', ...person }));
    case 'shadow':
      return [{ type: 'joined', as: 'shadow', ...said(command) }];
    case 'leave':
      return [{ type: 'left', ...said(command) }];
    case 'engageVendor':
      return engagementBodies(ticket, command, requestId);
    case 'askVendor':
      return [{ type: 'vendorAsked', ...said(command) }];
    case 'vendorReturned':
      return [{ type: 'vendorReturned', ...said(command) }];
    case 'link':
      return [{ type: 'linked', ...said(command) }];
    case 'unlink':
      return [{ type: 'unlinked', ...said(command) }];
    case 'reproduce':
      return [{ type: 'reproduced', ...said(command) }];
    case 'restore':
      return [{ type: 'restored' }];
    case 'commit':
      return [{ type: 'committed', ...said(command) }];
    case 'rate':
      return [{ type: 'rated', ...said(command) }];
    case 'completeItem':
      return [{ type: 'checklistItemDone', ...said(command) }];
    case 'declareMajor':
      return [{ type: 'majorDeclared', ...said(command) }];
    case 'resolve':
      return [{ type: 'resolved', ...said(command) }];
    case 'reopen':
      return [{ type: 'reopened' }];
    case 'close':
      return [
        { type: 'closed', ...(command.override && awaitsReview(ticket) && { override: true as const }) },
      ];
    case 'cancel':
      return [{ type: 'cancelled' }];
    case 'update':
      return [{ type: 'attributesChanged', changes: command.changes }];
    case 'changeRules': {
      const { name: policy, version } = command.rules.policy;
      return [{ ...command, type: 'rulesChanged', policy, version }];
    }
  }
}
