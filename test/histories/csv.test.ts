import { readFile } from 'node:fs/promises';
import { afterAll, expect, test } from '@jest/globals';
import { csvFormat } from '../../histories/csv.ts';
import { formatOf } from '../../histories/formats.ts';
import { readLog } from '../../histories/log.ts';
import { parseMapping } from '../../histories/mapping.ts';
import { isAccountedFor, removeSamples, sampleFile, tell } from './samples.ts';

afterAll(removeSamples);

const MAPPING = `
columns:
  case: Ticket
  time: Changed at
  event: [Status, Detail]
  opened: Opened at
  priority: Severity
  tier: Line
  team: Group
time: { format: d.M.yyyy HH:mm, zone: Europe/Prague }
events:
  New / -: open
  Work / -: [open, respond, accept]
  Work / asked: hold customer
  Work / supplier: hold vendor
  Handed on / -: [open, queue]
  Note / -: none
  Done / -: resolve
  Done / archived: close
  Dropped / -: cancel
priorities: { 1: P1, 2: P2, 3: P3 }
tiers: { Desk: 1, Experts: 2 }
attributes: { category: Topic }
delimiter: ';'
`;

const HEADER = 'Ticket;Status;Detail;Changed at;Opened at;Severity;Line;Group;Topic';

async function readRows(rows: readonly string[], mapping = MAPPING) {
  const format = csvFormat(parseMapping(mapping, 'mapping.yaml'));
  return readLog(sampleFile('export.csv', [HEADER, ...rows].join('\n')), format);
}

test('an export is read as its mapping says', async () => {
  const log = await readRows([
    'T1;New;-;1.7.2024 10:00;1.7.2024 09:55;3;Desk;A;Mail',
    'T1;Work;-;1.7.2024 10:10;1.7.2024 09:55;3;Desk;A;Mail',
    'T1;Work;asked;1.7.2024 10:20;1.7.2024 09:55;3;Desk;A;Mail',
    'T1;Note;-;1.7.2024 10:25;1.7.2024 09:55;3;Desk;?;Mail',
    'T1;Handed on;-;1.7.2024 10:30;1.7.2024 09:55;1;Experts;B;Mail',
    'T1;Work;-;1.7.2024 10:40;1.7.2024 09:55;1;Experts;B;Mail',
    'T1;Work;supplier;1.7.2024 10:50;1.7.2024 09:55;1;Experts;B;Mail',
    'T1;Done;-;1.7.2024 11:00;1.7.2024 09:55;1;Experts;B;Mail',
    'T1;Done;archived;1.7.2024 12:00;1.7.2024 09:55;1;Experts;B;Mail',
    'T2;Dropped;-;1.7.2024 12:00;1.7.2024 11:55;2;;;',
  ]);
  expect(tell(log.histories[0]!)).toEqual([
    '2024-07-01 08:00 assigned A',
    '2024-07-01 08:10 agent says in public',
    '2024-07-01 08:20 held customer',
    '2024-07-01 08:30 prioritised P1',
    '2024-07-01 08:30 resumed customer',
    '2024-07-01 08:30 offered to 2 B',
    '2024-07-01 08:40 accepted',
    '2024-07-01 08:50 held vendor',
    '2024-07-01 09:00 resumed vendor',
    '2024-07-01 09:00 resolved',
    '2024-07-01 10:00 closed',
  ]);
  expect(log.histories[0]).toMatchObject({
    openedAt: Date.UTC(2024, 6, 1, 7, 55),
    priority: 'P3',
    tier: 1,
    attributes: { category: 'Mail' },
  });
  expect(tell(log.histories[1]!)).toEqual(['2024-07-01 10:00 cancelled']);
  expect(log.histories[1]!.attributes).not.toHaveProperty('category');
  expect(isAccountedFor(log)).toBe(true);
});

test('what the mapping does not know is skipped under its column, never guessed at', async () => {
  const log = await readRows([
    'T1;New;-;1.7.2024 10:00;1.7.2024 09:55;3;Desk;A;Mail',
    'T1;Lost;-;1.7.2024 10:00;1.7.2024 09:55;3;Desk;A;Mail',
    'T1;New;-;1.7.2024 10:00;1.7.2024 09:55;9;Desk;A;Mail',
    'T1;New;-;1.7.2024 10:00;1.7.2024 09:55;3;Cellar;A;Mail',
    'T1;New;-;tomorrow;1.7.2024 09:55;3;Desk;A;Mail',
    'T1;New;-;1.7.2024 10:00;;3;Desk;A;Mail',
    ';New;-;1.7.2024 10:00;1.7.2024 09:55;3;Desk;A;Mail',
  ]);
  expect(log.rowsSkipped.map(({ reason, examples }) => [reason, examples[0]])).toEqual([
    ['Status / Detail is not in the events of the mapping', 'line 3: "Lost / -"'],
    ['Severity is not in the priorities of the mapping', 'line 4: "9"'],
    ['Line is not in the tiers of the mapping', 'line 5: "Cellar"'],
    ['Changed at is not a time d.M.yyyy HH:mm', 'line 6: "tomorrow"'],
    ['Opened at is not a time d.M.yyyy HH:mm', 'line 7: nothing'],
    ['Ticket names no case', 'line 8: nothing'],
  ]);
  expect(isAccountedFor(log)).toBe(true);
});

const SMALL = `
columns: { case: Id, time: At, event: What, tier: Level }
time: { format: epochSeconds }
events: { answered: respond, woken: resume, waiting: hold customer, done: resolve }
otherEvents: none
`;

test('the smallest mapping: cases open with their first row, tiers are numbers, other events mean nothing', async () => {
  const text =
    'Id,At,What,Level\n7,1700000000,rang,1\n7,1700000060,waiting,1\n7,1700000120,answered,1\n7,1700000180,woken,2\n';
  const log = await readLog(sampleFile('small.csv', text), csvFormat(parseMapping(SMALL, 'small.yaml')));
  expect(log.histories[0]).toMatchObject({ openedAt: 1_700_000_000_000, priority: 'P3', tier: 1 });
  expect(tell(log.histories[0]!).map((fact) => fact.slice(17))).toEqual([
    'held customer',
    'agent says in public',
    'resumed customer',
    'offered to 2',
    'accepted',
  ]);
});

/** What is wrong, the mapping, and what is said of it. */
const faults: [string, string, string[]][] = [
  ['a missing column', SMALL.replace('case: Id, ', ''), ['m.yaml: columns.case is missing']],
  ['no events', SMALL.replace(/^events.*$/m, ''), ['m.yaml: events is missing']],
  ['an unknown field', `${SMALL}\ncolour: red`, ['m.yaml: colour is not a field of a mapping']],
  [
    'an unknown word',
    SMALL.replace('respond', 'reply'),
    ['m.yaml: events.answered reply is not one of none, open, hold customer, hold vendor, '],
  ],
  [
    'two states at once',
    SMALL.replace('done: resolve', 'done: [resolve, close]'),
    ['m.yaml: events.done a row cannot say resolve and close at once'],
  ],
  [
    'none and something',
    SMALL.replace('done: resolve', 'done: [none, respond]'),
    ['m.yaml: events.done none stands alone'],
  ],
  [
    'times that no zone explains',
    SMALL.replace('epochSeconds', 'd/M/yyyy HH:mm'),
    ['m.yaml: time.format d/M/yyyy HH:mm has no offset in it; name the zone of these times'],
  ],
  [
    'an unknown zone',
    SMALL.replace('epochSeconds', 'iso, zone: Europe/Atlantis'),
    ['m.yaml: time.zone Europe/Atlantis is not a time zone known here'],
  ],
  [
    'priorities of nowhere',
    `${SMALL}\npriorities: { high: P1 }`,
    ['m.yaml: columns.priority is missing; priorities has nothing to read'],
  ],
  [
    'a priority column that nobody explains',
    SMALL.replace('tier: Level', 'priority: Level'),
    ['m.yaml: priorities is missing; columns.priority cannot be read without it'],
  ],
  [
    'several at once',
    SMALL.replace('time: At, ', '').replace('hold customer', 'held'),
    ['m.yaml: columns.time is missing', 'm.yaml: events.waiting held is not one of'],
  ],
  [
    'fields of the wrong kind',
    SMALL.replace('case: Id', 'case: [Id]').replace('What', '{ a: b }').replace('done: resolve', 'done: 3'),
    [
      'm.yaml: columns.case must be the name of a column',
      'm.yaml: columns.event must be the name of a column, or a list of names',
      'm.yaml: events.done must be a word or a list of words',
    ],
  ],
  ['nothing in it', '', ['m.yaml: is no mapping']],
  ['what is not YAML', 'columns: [', ['m.yaml: not YAML', 'line 1']],
];

test.each(faults)('a mapping with %s is refused, naming the field', (_name, text, messages) => {
  const reading = () => parseMapping(text, 'm.yaml');
  for (const message of messages) expect(reading).toThrow(message);
});

test('the mapping that the documentation shows can be used', async () => {
  const text = await readFile(new URL('../../docs/replay.md', import.meta.url), 'utf8');
  const shown = /```yaml\n([\s\S]*?)```/.exec(text)![1]!;
  expect(csvFormat(parseMapping(shown, 'replay.md')).columns).toContain('Ticket');
});

test('csv needs a mapping; formats are known by name', async () => {
  await expect(formatOf('csv')).rejects.toThrow('--mapping');
  await expect(formatOf('csv', 'nowhere.yaml')).rejects.toThrow('nowhere.yaml cannot be read');
  await expect(formatOf('toString')).rejects.toThrow(
    'toString is not a format; known are bpic2013, uci, helpdesk, csv',
  );
});
