/** What an engine has said once is kept: a run that was cut short goes on where it was. */
import { appendFileSync, readFileSync } from 'node:fs';
import { afterAll, expect, test } from '@jest/globals';
import { keptIn, keyOf } from '../../bin/kept-verdicts.ts';
import type { ImportedHistory } from '../../domain/history.ts';
import type { Verdict } from '../../histories/verdict.ts';
import { removeSamples, sampleFile } from './samples.ts';

afterAll(removeSamples);

const history: ImportedHistory = {
  caseId: '1',
  openedAt: 0,
  priority: 'P3',
  attributes: { type: 'incident', channel: 'api', impact: 'low', urgency: 'low' },
  facts: [],
};
const verdict = { caseId: '1', state: 'open' } as Verdict;
const line = (key: string) => `${JSON.stringify({ key, verdict })}\n`;

test('verdicts are read back by what was played', () => {
  const file = sampleFile('kept.jsonl', line('a') + line('b'));
  expect([...keptIn(file)]).toEqual([
    ['a', verdict],
    ['b', verdict],
  ]);
});

test('a last line that was cut short is dropped, and what follows stands on a line of its own', () => {
  const file = sampleFile('cut.jsonl', line('a') + line('b').slice(0, 20));
  expect([...keptIn(file).keys()]).toEqual(['a']);
  appendFileSync(file, line('c'));
  expect([...keptIn(file).keys()]).toEqual(['a', 'c']);
  expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(3);
});

test('no file, or none yet, is nothing kept', () => {
  expect(keptIn(undefined).size).toBe(0);
  expect(keptIn('nowhere.jsonl').size).toBe(0);
});

test('another end, other rules or another telling of a case is another play', () => {
  const told = { ...history, facts: [{ id: 'a', occurredAt: 1, type: 'acknowledged' }] } as ImportedHistory;
  const keys = [
    keyOf(history, 'rules', 5),
    keyOf(history, 'rules', 6),
    keyOf(history, 'others', 5),
    keyOf(told, 'rules', 5),
  ];
  expect(new Set(keys).size).toBe(4);
  expect(keyOf({ ...history }, 'rules', 5)).toBe(keys[0]);
});
