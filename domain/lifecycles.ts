/**
 * When each clock starts and when it ends: the table of docs/rules.md §3. Reopening and other priorities are in
 * retarget.ts.
 */
import {
  cancelClock,
  isActive,
  isFixed,
  meetClock,
  openPause,
  pauseClock,
  resumeClock,
  type Clock,
  type PauseReason,
} from './clock.ts';
import type { AttributeChanges, LedgerEvent, OpenedBody } from './events.ts';
import {
  clockRuleOf,
  isStandardClock,
  STANDARD_CLOCKS,
  type AppliedRules,
  type ClockName,
  type StandardClock,
} from './policy.ts';
import { hasBegun, NOT_IN_POLICY, startedClock, tierSubject } from './retarget.ts';
import { isUnanswered, type Happening, type Situation } from './situation.ts';

/** One step of the story: how things stood, what happened, how things stand but for the clocks. */
interface Moment {
  /** null at opening. */
  before: Situation | null;
  after: Situation;
  event: Happening | Pick<LedgerEvent<OpenedBody>, 'type' | 'occurredAt'>;
  rules: AppliedRules;
}

/** A clock that starts: what it measures, and the promised time where there is one. */
interface Beginning {
  subject?: string;
  promisedAt?: number;
}

type Ending = 'met' | { cancelled: string };

interface Lifecycle {
  starts(moment: Moment): Beginning | null;
  /** How a running clock ends in this moment; null where it goes on. */
  ends(clock: Clock, moment: Moment): Ending | null;
  /** Goes on where the ticket is resolved, and is not paused by it. */
  outlivesResolution?: true;
}

const HERE: Beginning = {};

const isPublicReply = ({ event }: Moment): boolean =>
  event.type === 'messageAdded' && event.author === 'agent' && event.visibility === 'public';

/** What the system sends counts only where the policy says so (docs/rules.md §9). */
function isCustomerUpdate(moment: Moment): boolean {
  const { event, rules } = moment;
  if (isPublicReply(moment)) return true;
  const counts = clockRuleOf(rules.policy, 'customerUpdate').systemUpdatesCount ?? false;
  return (
    counts && event.type === 'messageAdded' && event.author === 'system' && event.visibility === 'public'
  );
}

const isResolution = ({ before, after }: Moment): boolean =>
  before?.state === 'open' && after.state !== 'open' && after.state !== 'cancelled';
const isReopening = ({ before, after }: Moment): boolean =>
  before?.state === 'resolved' && after.state === 'open';

/** Whether the ticket's own clocks of this basis begin now. */
function begins(name: ClockName, { before, after, rules }: Moment): boolean {
  const { basis } = clockRuleOf(rules.policy, name);
  return hasBegun(basis, after) && (before === null || !hasBegun(basis, before));
}

const onResolution = (moment: Moment, ending: Ending): Ending | null =>
  isResolution(moment) ? ending : null;
const RESOLVED = { cancelled: 'ticketResolved' };

/** Somebody at the tier took the ticket on: by a word, or by being given it. */
function isTakenOn({ before, event, after }: Moment): boolean {
  if (event.type === 'acknowledged') return before?.acknowledgedAt === null;
  return event.type === 'assigned' && after.assignee !== null;
}

/** Nobody works on a resolved ticket; whoever was given it does once it is opened again. */
const isWorkedOn = (moment: Moment): boolean =>
  moment.after.state === 'open' &&
  (isTakenOn(moment) || (isReopening(moment) && moment.after.assignee !== null));

const movesOn = ({ event }: Moment): boolean =>
  event.type === 'handoffAccepted' || event.type === 'handedOff';

const isAboutTier = ({ subject }: Clock, tier: number | undefined): boolean =>
  tier !== undefined && subject === tierSubject(tier);

const LIFECYCLES: Record<StandardClock, Lifecycle> = {
  firstResponse: {
    starts: (moment) => (moment.after.awaitsResponse && begins('firstResponse', moment) ? HERE : null),
    ends: (_clock, moment) => (isPublicReply(moment) ? 'met' : null),
  },
  nextResponse: {
    starts: ({ before, after }) => (isUnanswered(after) && !(before && isUnanswered(before)) ? HERE : null),
    ends: (_clock, moment) => (isPublicReply(moment) ? 'met' : onResolution(moment, RESOLVED)),
  },
  customerUpdate: {
    starts: (moment) => {
      const isDue = begins('customerUpdate', moment) || isReopening(moment) || isCustomerUpdate(moment);
      return isDue && moment.after.state === 'open' ? HERE : null;
    },
    ends: (_clock, moment) => (isCustomerUpdate(moment) ? 'met' : onResolution(moment, RESOLVED)),
  },
  resolution: {
    starts: (moment) => (begins('resolution', moment) ? HERE : null),
    ends: (_clock, moment) => onResolution(moment, 'met'),
  },
  restore: {
    starts: (moment) => (begins('restore', moment) ? HERE : null),
    ends: (_clock, moment) => (moment.event.type === 'restored' ? 'met' : onResolution(moment, 'met')),
  },
  commitment: {
    starts: ({ event }) =>
      event.type === 'committed' ? { subject: event.to ?? 'update', promisedAt: event.dueAt } : null,
    ends: ({ subject }, moment) => {
      const { event } = moment;
      if (event.type === 'committed' && subject === (event.to ?? 'update'))
        return { cancelled: 'promisedAnew' };
      if (subject === 'update') return isPublicReply(moment) ? 'met' : onResolution(moment, RESOLVED);
      if (subject === 'restore' && event.type === 'restored') return 'met';
      return onResolution(moment, 'met');
    },
  },
  // Opening is an offer owned by the first tier; an automatic handoff waits for its tier to say that it saw it
  // (docs/rules.md §9).
  tierAccept: {
    starts: ({ before, after, event }) => {
      if (event.type === 'handoffOffered' && after.offer) return { subject: tierSubject(after.offer.toTier) };
      return before === null || event.type === 'handedOff' ? { subject: tierSubject(after.tier) } : null;
    },
    ends: (clock, moment) => {
      const { before, after, event } = moment;
      if (event.type === 'handoffReturned') return isAboutTier(clock, before?.offer?.toTier) ? 'met' : null;
      if (event.type === 'handoffWithdrawn')
        return isAboutTier(clock, before?.offer?.toTier) ? { cancelled: 'withdrawn' } : null;
      if (event.type === 'handoffAccepted')
        return isAboutTier(clock, after.tier) ? 'met' : { cancelled: 'handedOn' };
      if (event.type === 'handedOff') return { cancelled: 'handedOn' };
      if (event.type === 'handoffOffered' && before?.offer && isAboutTier(clock, before.offer.toTier))
        return { cancelled: 'offeredAnew' };
      if (isTakenOn(moment)) return isAboutTier(clock, after.tier) ? 'met' : null;
      return onResolution(moment, 'met');
    },
  },
  tierWork: {
    starts: (moment) =>
      movesOn(moment) || isWorkedOn(moment) ? { subject: tierSubject(moment.after.tier) } : null,
    ends: (clock, moment) =>
      movesOn(moment) && !isAboutTier(clock, moment.after.tier) ? 'met' : onResolution(moment, 'met'),
  },
  consult: {
    starts: ({ event }) => (event.type === 'consultAsked' ? { subject: event.consult } : null),
    ends: ({ subject }, moment) => {
      const { event } = moment;
      if (event.type === 'consultAnswered' && event.consult === subject) return 'met';
      if (event.type === 'consultWithdrawn' && event.consult === subject) return { cancelled: 'withdrawn' };
      return onResolution(moment, RESOLVED);
    },
  },
  vendor: {
    starts: ({ event }) => (event.type === 'vendorEngaged' ? { subject: event.engagement } : null),
    ends: ({ subject }, moment) =>
      moment.event.type === 'vendorReturned' && (moment.event.engagement ?? subject) === subject
        ? 'met'
        : onResolution(moment, RESOLVED),
  },
  reviewTask: {
    starts: ({ event }) => {
      if (event.type === 'reviewTaskOpened') return { subject: event.task };
      return event.type === 'taskCreated' && event.clock === 'reviewTask' ? { subject: event.task } : null;
    },
    ends: ({ subject }, { event }) => (event.type === 'taskDone' && event.task === subject ? 'met' : null),
    outlivesResolution: true,
  },
  actionItem: {
    starts: ({ event }) =>
      event.type === 'taskCreated' && event.clock === 'actionItem' ? { subject: event.task } : null,
    ends: ({ subject }, { event }) => (event.type === 'taskDone' && event.task === subject ? 'met' : null),
    outlivesResolution: true,
  },
};

/**
 * The mark that a moment is. A major incident marks its beginning and its end by itself: so a policy gives it clocks, and
 * with them an emergency ladder, of its own.
 */
function markOf(moment: Moment): string | null {
  const { event, after } = moment;
  if (event.type === 'marked') return event.mark;
  if (event.type === 'majorDeclared') return 'majorDeclared';
  return after.major && isResolution(moment) ? 'majorEnded' : null;
}

/** A clock of the policy's own: it runs from one mark to another, and the mark that ends one may start the next. */
function anchored({ startsAt, stopsAt }: { startsAt: string; stopsAt: string }): Lifecycle {
  return {
    starts: (moment) => (markOf(moment) === startsAt ? HERE : null),
    ends: (_clock, moment) => (markOf(moment) === stopsAt ? 'met' : null),
    outlivesResolution: true,
  };
}

function lifecycleOf(name: ClockName, { policy }: AppliedRules): Lifecycle | null {
  if (isStandardClock(name)) return LIFECYCLES[name];
  const { anchor } = clockRuleOf(policy, name);
  return anchor ? anchored(anchor) : null;
}

const endingOf = (clock: Clock, moment: Moment): Ending | null =>
  lifecycleOf(clock.name, moment.rules)?.ends(clock, moment) ?? null;

function ended(clock: Clock, moment: Moment): Clock {
  const ending = endingOf(clock, moment);
  if (ending === null) return clock;
  const at = moment.event.occurredAt;
  return ending === 'met' ? meetClock(clock, at) : cancelClock(clock, at, ending.cancelled);
}

type NamedLifecycle = readonly [name: ClockName, lifecycle: Lifecycle];

/** Standard clocks in the order of the table, then the policy's own; of one policy object found once. */
function lifecyclesOf(rules: AppliedRules): readonly NamedLifecycle[] {
  const { clocks } = rules.policy;
  const known = lifecyclesByClocks.get(clocks);
  if (known) return known;
  const names = [
    ...STANDARD_CLOCKS.filter((name) => name in clocks),
    ...Object.keys(clocks).filter((name) => !isStandardClock(name)),
  ];
  const found = names.flatMap((name): NamedLifecycle[] => {
    const lifecycle = lifecycleOf(name, rules);
    return lifecycle ? [[name, lifecycle]] : [];
  });
  lifecyclesByClocks.set(clocks, found);
  return found;
}

const lifecyclesByClocks = new WeakMap<object, readonly NamedLifecycle[]>();

/** The situation with its clocks changed; the same one where nothing changes, since most events change none. */
function withClocks(situation: Situation, change: (clock: Clock) => Clock): Situation {
  const { clocks } = situation;
  let changed: Clock[] | null = null;
  for (let i = 0; i < clocks.length; i += 1) {
    const clock = clocks[i]!;
    const next = isActive(clock) ? change(clock) : clock;
    if (next === clock) continue;
    changed ??= [...clocks];
    changed[i] = next;
  }
  return changed ? { ...situation, clocks: changed } : situation;
}

/** Notes what is over of what a lower priority had ended the clocks of: a higher one does not start them again. */
function withEndsNoted(situation: Situation, moment: Moment): Situation {
  const isOver = (clock: Clock) =>
    clock.cancelReason === NOT_IN_POLICY && !clock.isOver && endingOf(clock, moment) !== null;
  if (!situation.clocks.some(isOver)) return situation;
  const clocks = situation.clocks.map((clock) =>
    isOver(clock) ? { ...clock, isOver: true as const } : clock,
  );
  return { ...situation, clocks };
}

/** Ends the clocks that end in this moment, then starts those that start; of one subject one runs at a time. */
export function withLifecycles(moment: Moment): Situation {
  const { before, event, rules } = moment;
  let situation = before
    ? withEndsNoted(
        withClocks(moment.after, (clock) => ended(clock, moment)),
        moment,
      )
    : moment.after;
  for (const [name, lifecycle] of lifecyclesOf(rules)) {
    const beginning = lifecycle.starts(moment);
    if (!beginning) continue;
    const { subject } = beginning;
    const isRunning = situation.clocks.some(
      (one) => one.name === name && one.subject === subject && isActive(one),
    );
    const clock = isRunning
      ? null
      : startedClock(situation, rules, { name, at: event.occurredAt, ...beginning });
    if (clock) situation = { ...situation, clocks: [...situation.clocks, clock] };
  }
  return situation;
}

function pauseReasonFor(clock: Clock, situation: Situation, rules: AppliedRules): PauseReason | null {
  // Days and promised times pass whatever happens; holds never pause an acceptance (docs/rules.md §9).
  if (clock.limits.some(isFixed)) return null;
  if (situation.state === 'resolved')
    return lifecycleOf(clock.name, rules)?.outlivesResolution ? null : 'resolved';
  if (clock.name === 'tierAccept') return null;
  const pausing = clockRuleOf(rules.policy, clock.name).pausedBy;
  return situation.holds.find(({ reason }) => pausing.includes(reason))?.reason ?? null;
}

/** Opens, closes and relabels pauses so that they agree with the holds and the state. */
export function withPauses(situation: Situation, at: number, rules: AppliedRules): Situation {
  return withClocks(situation, (clock) => {
    const wanted = pauseReasonFor(clock, situation, rules);
    if ((openPause(clock)?.reason ?? null) === wanted) return clock;
    const running = resumeClock(clock, at);
    return wanted ? pauseClock(running, at, wanted) : running;
  });
}

/** Attributes after a change; null takes one away. */
export function changedAttributes<A extends object>(attributes: A, changes: AttributeChanges): A {
  const merged: Record<string, unknown> = { ...attributes, ...changes };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null)) as A;
}
