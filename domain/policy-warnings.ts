/** What a policy may well mean, but its owner should know: nothing here refuses it. */
import { calendarVersion, droppedWindows } from './calendar.ts';
import {
  lowestTier,
  nextTier,
  PRIORITIES,
  type ClockRule,
  type LadderStep,
  type Policy,
  type Priority,
  type Target,
  type Targets,
} from './policy.ts';

export interface PolicyWarning {
  /** Into the policy as it is written. */
  path: readonly (string | number)[];
  code: string;
  message: string;
}

type Path = readonly (string | number)[];

const warning = (path: Path, code: string, message: string): PolicyWarning => ({ path, code, message });

function isoDate(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** Every calendar that anything but the list of calendars names. */
function calendarsNamed({ calendars: _calendars, examples: _examples, ...rest }: Policy): Set<string> {
  const named = new Set<string>();
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, part] of Object.entries(value)) {
      if (key === 'calendar' && typeof part === 'string') named.add(part);
      else look(part);
    }
  };
  look(rest);
  return named;
}

function calendarWarnings(policy: Policy, from: number): PolicyWarning[] {
  const named = calendarsNamed(policy);
  return Object.entries(policy.calendars).flatMap(([name, calendar]) => {
    const path = ['calendars', name];
    const found = droppedWindows(calendar, from).map(({ pointer, code, message }) => {
      const within = pointer
        .split('/')
        .slice(1)
        .map((key) => (/^\d+$/.test(key) ? Number(key) : key));
      return warning([...path, ...within], code, message);
    });
    if (!named.has(name))
      found.push(warning(path, 'calendar_unused', `nothing counts on the calendar ${name}`));
    const last = calendar.holidays.toSorted().at(-1);
    if (last !== undefined && last < isoDate(from))
      found.push(
        warning(
          [...path, 'holidays'],
          'holidays_over',
          `the last holiday of ${name} was ${last}; add the next`,
        ),
      );
    return found;
  });
}

/** Calendars that say the same under several names are told once, at the second. */
function sameCalendars({ calendars }: Policy): PolicyWarning[] {
  const known = new Map<string, string>();
  return Object.entries(calendars).flatMap(([name, calendar]) => {
    const version = calendarVersion(calendar);
    const first = known.get(version);
    known.set(version, first ?? name);
    return first === undefined
      ? []
      : [warning(['calendars', name], 'calendar_same', `the calendar ${name} says the same as ${first}`)];
  });
}

type Rules = [name: string, rule: ClockRule][];

const rulesOf = ({ clocks }: Policy): Rules => Object.entries(clocks);

/** Every set of targets that a clock may have: its own, and what they are at a tier that has other ones. */
function targetSets({ targets, byTier = {} }: ClockRule): Targets[] {
  return [targets, ...Object.values(byTier).map((own) => ({ ...targets, ...own }))];
}

const promises = (rule: ClockRule, priority: Priority): boolean =>
  targetSets(rule).some((targets) => targets[priority]);

/** A commitment runs to the time that was promised: it has no targets, and its ladder is due all the same. */
const isEverSet = (name: string, rule: ClockRule): boolean =>
  name === 'commitment' || PRIORITIES.some((priority) => promises(rule, priority));

/** Whether a step of a ladder makes tickets so urgent. */
function isRaisedTo(policy: Policy, priority: Priority): boolean {
  const raised = rulesOf(policy).flatMap(([, { ladder }]) =>
    ladder.flatMap(({ actions }) =>
      actions.flatMap((action) => ('raisePriority' in action ? [action.raisePriority] : [])),
    ),
  );
  return raised.includes(priority) || (raised.includes('next') && priority !== PRIORITIES.at(-1));
}

function priorityWarnings(policy: Policy): PolicyWarning[] {
  const rows = Object.entries(policy.priorityMatrix);
  const used = new Set(rows.flatMap(([, row]) => Object.values(row)));
  return PRIORITIES.flatMap((priority) => {
    if (!used.has(priority) && !isRaisedTo(policy, priority))
      return [
        warning(
          ['priorityMatrix'],
          'priority_unused',
          `no impact and urgency lead to ${priority}; only people do`,
        ),
      ];
    if (rulesOf(policy).some(([, rule]) => promises(rule, priority))) return [];
    return [warning(['clocks'], 'priority_without_clock', `nothing is promised for ${priority}`)];
  });
}

/** Whether one promise is surely longer than another: on the same calendar, and counted in the same unit. */
function isLonger(one: Target, other: Target): boolean {
  if (one.calendar !== other.calendar || one.period?.unit !== other.period?.unit) return false;
  return one.period && other.period ? one.period.count > other.period.count : one.ms > other.ms;
}

/** Pairs of priorities of which the more urgent one has longer. */
function outOfOrderIn(targets: Targets): [more: Priority, less: Priority][] {
  return PRIORITIES.flatMap((priority, i) => {
    const target = targets[priority];
    const less = PRIORITIES.slice(i + 1).find((other) => {
      const one = targets[other];
      return target && one && isLonger(target, one);
    });
    return less === undefined ? [] : [[priority, less] as [Priority, Priority]];
  });
}

/** A more urgent priority that has longer than a less urgent one; at a tier, where its own targets make it so. */
function orderWarnings(policy: Policy): PolicyWarning[] {
  return rulesOf(policy).flatMap(([name, { targets, byTier = {} }]) => {
    const path = ['clocks', name];
    const everywhere = outOfOrderIn(targets).map(([more, less]) =>
      outOfOrder([...path, 'targets', more], name, more, less),
    );
    const atTiers = Object.entries(byTier).flatMap(([tier, own]) =>
      outOfOrderIn({ ...targets, ...own })
        .filter(([more, less]) => own[more] ?? own[less])
        .map(([more, less]) =>
          outOfOrder(
            [...path, 'tiers', tier, own[more] ? more : less],
            `${name} at tier ${tier}`,
            more,
            less,
          ),
        ),
    );
    return [...everywhere, ...atTiers];
  });
}

const outOfOrder = (path: Path, where: string, priority: Priority, less: Priority): PolicyWarning =>
  warning(
    path,
    'targets_out_of_order',
    `${where} gives ${priority} longer than ${less}, which is less urgent`,
  );

/** When a step is due of a target: two steps that say the same are due together, wherever and whenever that is. */
function dueAfter({ percent, offsetMs, calendar, ifNobody }: LadderStep, target: Target | null): string {
  const held = ifNobody === 'wait' ? ', held' : '';
  const offset = calendar === undefined || offsetMs === 0 ? String(offsetMs) : `${offsetMs} on ${calendar}`;
  // How long days are, or it is to a promised time, the calendar knows.
  if (!target || target.period) return `${percent}% ${offset}${held}`;
  const share = Math.floor((target.ms * percent) / 100);
  return offset.includes(' ') ? `${share} ${offset}${held}` : `${share + offsetMs}${held}`;
}

/** When a step is due after the start, for everything it can be due for. */
function dueTimes(step: LadderStep, name: string, rule: ClockRule): string {
  if (name === 'commitment') return dueAfter(step, null);
  const targets = targetSets(rule).flatMap((each) => PRIORITIES.flatMap((priority) => each[priority] ?? []));
  return targets.map((target) => dueAfter(step, target)).join();
}

function ladderWarnings(policy: Policy): PolicyWarning[] {
  return rulesOf(policy).flatMap(([name, rule]) => {
    const path = ['clocks', name, 'ladder'];
    if (rule.ladder.length > 0 && !isEverSet(name, rule))
      return [warning(path, 'ladder_never', `${name} has a ladder and no target: no step of it is ever due`)];
    return rule.ladder.flatMap((step, i) => {
      const due = dueTimes(step, name, rule);
      // What is repeated is told later on, whoever is told the first time.
      const others = step.repeat ? [] : rule.ladder.slice(i + 1);
      const later = others.find((other) => due !== '' && dueTimes(other, name, rule) === due);
      const told: PolicyWarning[] = [];
      if (later)
        told.push(
          warning(
            [...path, i],
            'step_never',
            `${step.id} and ${later.id} of ${name} are always due together: only ${later.id} is told`,
          ),
        );
      return [...told, ...handOffWarnings(policy, [...path, i], step)];
    });
  });
}

function handOffWarnings(policy: Policy, path: Path, step: LadderStep): PolicyWarning[] {
  const lowest = lowestTier(policy);
  return step.actions.flatMap((action, i) => {
    if (!('handOff' in action)) return [];
    const goesNowhere =
      action.handOff === 'next' ? nextTier(policy, lowest) === undefined : action.handOff === lowest;
    const message = `${step.id} hands off to nobody: a ladder only goes up, and there is no tier below ${String(action.handOff)}`;
    return goesNowhere ? [warning([...path, 'actions', i], 'hand_off_never', message)] : [];
  });
}

/** Tiers that no ladder leads to: a ticket gets there only by hand. */
function tierWarnings(policy: Policy): PolicyWarning[] {
  const handOffs = rulesOf(policy).flatMap(([, { ladder }]) =>
    ladder.flatMap(({ actions }) =>
      actions.flatMap((action) => ('handOff' in action ? [action.handOff] : [])),
    ),
  );
  const lowest = lowestTier(policy);
  return policy.tiers.flatMap(({ tier, name }, i) => {
    if (tier === lowest || handOffs.includes('next') || handOffs.includes(tier)) return [];
    return [
      warning(['tiers', i], 'tier_never', `no ladder hands off to tier ${tier}, ${name}; only people do`),
    ];
  });
}

/** Everything worth knowing about a policy that can be used, as of `from` (epoch milliseconds). */
export function policyWarnings(policy: Policy, from: number): PolicyWarning[] {
  return [
    ...calendarWarnings(policy, from),
    ...sameCalendars(policy),
    ...priorityWarnings(policy),
    ...orderWarnings(policy),
    ...ladderWarnings(policy),
    ...tierWarnings(policy),
  ];
}
