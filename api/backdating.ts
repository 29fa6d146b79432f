/** How far a caller may date something back or ahead (docs/rules.md §9). */
import type { AppliedPolicy } from '../domain/policy.ts';
import { Problem } from './problem.ts';
import { mayBackdateFreely } from './roles.ts';

/** Clocks differ a little; more than this is a mistake. */
const AHEAD_MS = 2 * 60_000;
/** Further back even a lead has mistyped the year, and a ticket would carry decades of opening hours. */
const FARTHEST_MS = 5 * 366 * 86_400_000;

const minutes = (ms: number): string => `${Math.round(ms / 60_000)} minutes`;

/** A 422 problem where `at` is too far in the future, or further back than the policy lets this role go. */
export function checkBackdating(
  at: number,
  {
    now,
    role,
    policy,
    pointer,
  }: { now: number; role: string; policy: Pick<AppliedPolicy, 'backdating'>; pointer: string },
): void {
  const refuse = (code: string, message: string) => {
    throw new Problem('invalid', message, { errors: [{ pointer, code, message }] });
  };
  if (at > now + AHEAD_MS) refuse('in_the_future', `is more than ${minutes(AHEAD_MS)} in the future`);
  if (at < now - FARTHEST_MS) refuse('too_far_back', 'is more than five years back');
  if (mayBackdateFreely(role)) return;
  const { personMs, integrationMs } = policy.backdating;
  const cap = role === 'integration' ? integrationMs : personMs;
  if (at < now - cap) refuse('too_far_back', `is more than ${minutes(cap)} back; that takes a lead`);
}
