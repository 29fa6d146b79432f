import { expect, test } from '@jest/globals';
import { createTurnstile } from '../../api/turnstile.ts';

/** Somebody who stays inside until told to go. */
function visitor() {
  let leave: (how: 'well' | 'angry') => void = () => undefined;
  const stay = new Promise<void>((resolve, reject) => {
    leave = (how) => (how === 'well' ? resolve() : reject(new Error('angry')));
  });
  return { stay, leave: (how: 'well' | 'angry' = 'well') => leave(how) };
}

const soon = () => new Promise((resolve) => setImmediate(resolve));

test('only so many are inside at once, and the others follow in the order they came', async () => {
  const turnstile = createTurnstile(2);
  const inside: number[] = [];
  const visitors = Array.from({ length: 5 }, visitor);
  const passed = visitors.map(({ stay }, i) =>
    turnstile.pass('door', () => {
      inside.push(i);
      return stay;
    }),
  );
  await soon();
  expect(inside).toEqual([0, 1]);
  visitors[1]!.leave();
  await soon();
  expect(inside).toEqual([0, 1, 2]);
  for (const { leave } of visitors) leave();
  await Promise.all(passed);
  expect(inside).toEqual([0, 1, 2, 3, 4]);
});

test('one door does not wait for another', async () => {
  const turnstile = createTurnstile(1);
  const { stay, leave } = visitor();
  const held = turnstile.pass('one', () => stay);
  expect(await turnstile.pass('other', () => Promise.resolve('through'))).toBe('through');
  leave();
  await held;
});

test('whoever leaves in anger leaves the place free, and takes the anger along', async () => {
  const turnstile = createTurnstile(1);
  const { stay, leave } = visitor();
  const first = turnstile.pass('door', () => stay);
  const second = turnstile.pass('door', () => Promise.resolve('through'));
  leave('angry');
  await expect(first).rejects.toThrow('angry');
  expect(await second).toBe('through');
});
