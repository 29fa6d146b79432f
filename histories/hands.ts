/** How the cases of a log went through its tiers: who gave to whom, how often back, and how long it took to be taken. */
import type { Passages } from './passages.ts';
import { spreadOf, type Spread } from './spread.ts';

/** Offers to another tier. */
export interface OfferTally {
  made: number;
  accepted: number;
  /** Those accepted later than on the row that made them, and how long that took, in seconds of elapsed time. */
  waits: number;
  waitSeconds: Spread;
}

/** What one tier was given, and what it gave away. */
export interface TierTally {
  tier: number;
  /** Cases that began there, and cases that it ever had. */
  casesOpened: number;
  casesHad: number;
  /** Handoffs to it, and from it to a higher and to a lower tier. */
  received: number;
  handedUp: number;
  handedDown: number;
  /** Offers to it. */
  offers: OfferTally;
}

/** Handoffs from one tier to another. */
export interface MoveTally {
  from: number;
  to: number;
  handoffs: number;
  /** Those among them back to a tier that had had the case: ping-pong. */
  returns: number;
  cases: number;
}

/** Cases by how they moved. */
export interface ClimbTally {
  /** Ever handed to a higher tier; afterwards to a lower one; past a tier on the way up. */
  casesUp: number;
  casesUpAndDown: number;
  casesSkippingATier: number;
  /** Handoffs a case, over the cases that were handed on at all. */
  handoffsPerCase: Spread;
}

const count = <T>(all: readonly T[], isMeant: (one: T) => boolean): number => all.filter(isMeant).length;

const ascending = (numbers: Iterable<number>): number[] => [...new Set(numbers)].toSorted((a, b) => a - b);

export function tallyOffers(offers: readonly Passages['offers'][number][]): OfferTally {
  const taken = offers.flatMap(({ offeredAt, acceptedAt }) =>
    acceptedAt === null ? [] : [acceptedAt - offeredAt],
  );
  const waits = taken.filter((ms) => ms > 0).map((ms) => ms / 1000);
  return {
    made: offers.length,
    accepted: taken.length,
    waits: waits.length,
    waitSeconds: spreadOf(waits),
  };
}

/** A line for every tier that had a case or was offered one. */
export function tallyTiers(cases: readonly Passages[]): TierTally[] {
  const handoffs = cases.flatMap((one) => one.handoffs);
  const offers = cases.flatMap((one) => one.offers);
  const tiers = ascending([...cases.map(({ openedTier }) => openedTier), ...offers.map((one) => one.toTier)]);
  return tiers.map((tier) => ({
    tier,
    casesOpened: count(cases, ({ openedTier }) => openedTier === tier),
    casesHad: count(
      cases,
      ({ openedTier, handoffs: own }) => openedTier === tier || own.some(({ to }) => to === tier),
    ),
    received: count(handoffs, ({ to }) => to === tier),
    handedUp: count(handoffs, ({ from, to }) => from === tier && to > tier),
    handedDown: count(handoffs, ({ from, to }) => from === tier && to < tier),
    offers: tallyOffers(offers.filter(({ toTier }) => toTier === tier)),
  }));
}

/** A line for every pair of tiers between which a case was handed on. */
export function tallyMoves(cases: readonly Passages[]): MoveTally[] {
  const handoffs = cases.flatMap((one) => one.handoffs);
  const froms = ascending(handoffs.map(({ from }) => from));
  return froms.flatMap((from) => {
    const here = handoffs.filter((one) => one.from === from);
    return ascending(here.map(({ to }) => to)).map((to) => {
      const moves = here.filter((one) => one.to === to);
      return {
        from,
        to,
        handoffs: moves.length,
        returns: count(moves, ({ isReturn }) => isReturn),
        cases: count(cases, (one) => one.handoffs.some((move) => move.from === from && move.to === to)),
      };
    });
  });
}

function goesUpAndDown({ handoffs }: Passages): boolean {
  const up = handoffs.findIndex(({ from, to }) => to > from);
  return up !== -1 && handoffs.slice(up).some(({ from, to }) => to < from);
}

/** Whether it goes up past one of the `tiers` there are; they need not be numbered without gaps. */
function skips({ handoffs }: Passages, tiers: readonly number[]): boolean {
  return handoffs.some(({ from, to }) => tiers.some((tier) => from < tier && tier < to));
}

export function tallyClimbs(cases: readonly Passages[]): ClimbTally {
  const tiers = tallyTiers(cases).map(({ tier }) => tier);
  const hops = cases.map(({ handoffs }) => handoffs.length).filter((some) => some > 0);
  return {
    casesUp: count(cases, ({ handoffs }) => handoffs.some(({ from, to }) => to > from)),
    casesUpAndDown: count(cases, goesUpAndDown),
    casesSkippingATier: count(cases, (one) => skips(one, tiers)),
    handoffsPerCase: spreadOf(hops),
  };
}
