/**
 * Who is told: the people that a notification reaches at this instant. How they are told is not asked here.
 *
 * Whoever is away, or works here no more, is passed over for who comes next. Where the directory knows nobody, nobody is
 * named, and the message says the audience alone.
 */
import { isOnShift, isPresent, type Agent, type Contact } from '../domain/people.ts';
import { AUDIENCES, type Audience } from '../domain/policy.ts';
import { onCallAt } from '../domain/rota.ts';
import type { CalendarStore } from '../prisma/calendars.ts';
import type { PeopleStore, TeamRecord } from '../prisma/people.ts';
import type { PolicyStore } from '../prisma/policies.ts';
import type { LedgerRow } from '../prisma/readers.ts';
import type { RotaRecord, RotaStore } from '../prisma/rotas.ts';
import type { TicketRecord, TicketStore } from '../prisma/tickets.ts';

/** As what somebody is told: `named` is somebody in particular, `fallback` whom the policy names for when nobody is on call. */
export type Via = Audience | 'named' | 'onCall' | 'fallback';

export interface Recipient {
  /** Id of the agent; for the fallback, and for people the directory does not know, the word as it was written. */
  agent: string;
  via: Via;
  /** Who was meant and was not there. */
  insteadOf?: Audience | 'onCall';
  /** Personal data: for the message alone, never for a log. */
  contact?: Contact;
}

export interface Addressed {
  recipients: Recipient[];
  /** By which rota somebody is on call for it. */
  onCall?: { rota: string };
}

export interface RecipientsDeps {
  people: Pick<PeopleStore, 'team' | 'teamsOfTier' | 'membersOf' | 'agentsOf'>;
  rotas: Pick<RotaStore, 'all' | 'overrides'>;
  calendars: Pick<CalendarStore, 'inForce'>;
  tickets: Pick<TicketStore, 'get'>;
  policies: Pick<PolicyStore, 'version'>;
  /** Epoch milliseconds. */
  now?: () => number;
}

type Asked = Extract<LedgerRow['event'], { type: 'notificationRequested' }>;
type Person = Pick<Recipient, 'agent' | 'contact'>;

/** One notification, and what is looked at for it. */
interface Case {
  deps: RecipientsDeps;
  ticket: TicketRecord | null;
  event: Asked;
  at: number;
  /** The team that the ticket is with, or offered to, at the tier that is told; else all of the tier. */
  teams: readonly TeamRecord[];
}

const personOf = ({ id, contact }: Agent): Person => ({ agent: id, ...(contact && { contact }) });

async function teamsFor(
  { people }: RecipientsDeps,
  { ticket, tier }: { ticket: TicketRecord | null; tier: number },
): Promise<readonly TeamRecord[]> {
  const isThere = ticket?.tier === tier;
  const name = isThere ? ticket.team : ticket?.offeredTier === tier ? ticket.offeredTeam : null;
  const team = name === null ? null : await people.team(name);
  return team?.active ? [team] : people.teamsOfTier(tier);
}

/** Those of these agents who are present, in the order in which they were named. */
async function presentOf({ deps: { people }, at }: Case, ids: readonly (string | null)[]): Promise<Person[]> {
  const wanted = [...new Set(ids.flatMap((id) => id ?? []))];
  const known = new Map((await people.agentsOf(wanted)).map((agent) => [agent.id, agent]));
  return wanted.flatMap((id) => {
    const agent = known.get(id);
    return agent && isPresent(agent, at) ? [personOf(agent)] : [];
  });
}

/** As `presentOf`, for a word that may name somebody, or something, that the directory does not know. */
async function presentOrUnknown(one: Case, word: string | null | undefined): Promise<Person[]> {
  if (word === null || word === undefined) return [];
  const isKnown = (await one.deps.people.agentsOf([word])).length > 0;
  return isKnown ? presentOf(one, [word]) : [{ agent: word }];
}

async function membersOnShift({ deps: { people, calendars }, teams, at }: Case): Promise<Person[]> {
  const byName = new Map(teams.map((team) => [team.name, team]));
  const [members, inForce] = await Promise.all([people.membersOf([...byName.keys()]), calendars.inForce()]);
  return members
    .filter((agent) => isOnShift(agent, { team: byName.get(agent.team), calendars: inForce, at }))
    .map(personOf);
}

const policyOf = async ({ deps, ticket }: Case) =>
  ticket && (await deps.policies.version(ticket.policy, ticket.policyVersion));

async function vendorManager(one: Case): Promise<Person[]> {
  const { vendor } = one.event;
  const vendors = (await policyOf(one))?.vendors ?? {};
  const rule = (vendor === undefined ? undefined : vendors[vendor]) ?? vendors['default'];
  return presentOrUnknown(one, rule?.manager);
}

/** Who of an audience is there. */
const FIND: Record<Audience, (one: Case) => Promise<Person[]>> = {
  vendorManager,
  assignee: (one) => presentOrUnknown(one, one.ticket?.assignee),
  team: membersOnShift,
  lead: (one) =>
    presentOf(
      one,
      one.teams.map(({ lead }) => lead),
    ),
  manager: (one) =>
    presentOf(
      one,
      one.teams.map(({ manager }) => manager),
    ),
};

/** The first of these audiences of whom somebody is there; who comes after the first stands in for `meant`. */
async function firstThere(
  one: Case,
  audiences: readonly Audience[],
  meant: Audience | 'onCall',
): Promise<Recipient[]> {
  for (const via of audiences) {
    const found = await FIND[via](one);
    if (found.length > 0)
      return found.map((person) => ({ ...person, via, ...(via !== meant && { insteadOf: meant }) }));
  }
  return [];
}

interface Candidate {
  rota: RotaRecord;
  tier: number;
  /** Whether it is for the team or the tier that is told, and not for others that stand in. */
  isMeant: boolean;
}

/** Rotas in the order in which they are asked: the team's, the tier's, those of its other teams; tier by tier upwards. */
async function rotasFor({ deps, event, teams }: Case): Promise<Candidate[]> {
  const team = teams.length === 1 ? teams[0]!.name : null;
  const rank = (rota: RotaRecord): number => (rota.team === null ? 1 : rota.team === team ? 0 : 2);
  const candidates = (await deps.rotas.all()).map(async (rota) => {
    const tier = rota.tier ?? (rota.team === null ? undefined : (await deps.people.team(rota.team))?.tier);
    if (tier === undefined || tier < event.tier) return [];
    return [{ rota, tier, isMeant: tier === event.tier && (team === null || rank(rota) < 2) }];
  });
  return (await Promise.all(candidates))
    .flat()
    .toSorted((a, b) => a.tier - b.tier || rank(a.rota) - rank(b.rota));
}

/** Who is on call now and present: for the tier, or the first above it where somebody is. */
async function whoIsOnCall(one: Case): Promise<Addressed | null> {
  const { deps, at } = one;
  const candidates = await rotasFor(one);
  const names = candidates.map(({ rota }) => rota.name);
  const overrides = await deps.rotas.overrides(names, at);
  for (const { rota, isMeant } of candidates) {
    const own = overrides.filter((override) => override.rota === rota.name);
    const [person] = await presentOf(one, [onCallAt(rota, own, at)?.agent ?? null]);
    if (!person) continue;
    const recipient: Recipient = { ...person, via: 'onCall', ...(!isMeant && { insteadOf: 'onCall' }) };
    return { recipients: [recipient], onCall: { rota: rota.name } };
  }
  return null;
}

async function policyFallback(one: Case): Promise<Recipient[]> {
  const found = await presentOrUnknown(one, (await policyOf(one))?.onCallFallback);
  return found.map((person) => ({ ...person, via: 'fallback', insteadOf: 'onCall' }));
}

/** Somebody has to wake up: who is on call; nobody, then the lead, the manager, at last whom the policy names. */
async function paged(one: Case): Promise<Addressed> {
  const onCall = await whoIsOnCall(one);
  if (onCall) return onCall;
  const leaders = await firstThere(one, ['lead', 'manager'], 'onCall');
  return { recipients: leaders.length > 0 ? leaders : await policyFallback(one) };
}

/** Audiences whom a page names as persons: they are told beside whoever is on call. */
const NAMED: readonly Audience[] = ['vendorManager', 'lead', 'manager'];

/** The people whom a row of the ledger asks for; null for a row that asks for nobody. */
export function createRecipients(deps: RecipientsDeps) {
  const { now = Date.now } = deps;
  return async ({ ticketId, event }: LedgerRow): Promise<Addressed | null> => {
    if (event.type !== 'notificationRequested') return null;
    const { audience, tier } = event;
    const ticket = await deps.tickets.get(ticketId);
    const one: Case = { deps, ticket, event, at: now(), teams: await teamsFor(deps, { ticket, tier }) };
    if (event.agent !== undefined) {
      const found = await presentOrUnknown(one, event.agent);
      if (found.length > 0) return { recipients: found.map((person) => ({ ...person, via: 'named' })) };
    }
    if (!event.page) {
      const audiences = AUDIENCES.slice(AUDIENCES.indexOf(audience));
      return { recipients: await firstThere(one, audiences, audience) };
    }
    const { recipients, ...rest } = await paged(one);
    const named = NAMED.includes(audience) ? await firstThere(one, [audience], audience) : [];
    const others = named.filter(({ agent }) => !recipients.some((known) => known.agent === agent));
    return { recipients: [...recipients, ...others], ...rest };
  };
}
